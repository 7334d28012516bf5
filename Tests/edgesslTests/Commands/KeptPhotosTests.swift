import FewShot
import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShotHost
@testable import edgessl

/// Photos without labels that stay in the task.
@Suite struct KeptPhotosTests {
  private static let colours = ["reddish", "greenish", "bluish"]
  let fixtures: PhotoFixtures
  let dataset: String
  let encoder: String

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = fixtures.folder.file("photos")
    for colour in KeptPhotosTests.colours { try fixtures.addClass(colour, in: "photos") }
    encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
    try fixtures.folder.makeFolder("others")
    for colour in KeptPhotosTests.colours {
      for number in 10..<30 { try fixtures.folder.write(PhotoFixtures.photo(colour, number), to: "others/\(colour)\(number).ppm") }
    }
  }

  private func file(_ name: String) -> String { fixtures.folder.file(name) }

  private func adapt(_ task: String, _ unlabelled: String = "others", _ options: [String] = []) throws -> CommandResult {
    try Command.run(
      ["adapt", dataset, "--model", encoder, "--unlabelled", file(unlabelled), "-o", file(task), "--json"] + options)
  }

  private func kept(_ result: CommandResult) throws -> Int {
    (try result.json()["unlabelled"] as? [String: Any])?["kept"] as? Int ?? -1
  }

  /// Photos in the task and whether they answer beside the head.
  private func stored(_ task: String) throws -> (count: Int, isTrusted: Bool, version: UInt32) {
    let memory = AlignedMemory(copying: try contents(of: file(task)))
    defer { withExtendedLifetime(memory) {} }
    let model = try Model(validating: memory.bytes), classes = try ClassesView(model)
    let view = try UnlabelledView.of(model, examples: ExamplesView(model, classes: classes))
    return (view?.count ?? 0, view?.isTrusted ?? false, memory.bytes.word(8))
  }

  @Test func theyStayAndEditsLearnWithThem() throws {
    let result = try adapt("t.tnn")
    let count = try kept(result)
    // Photos of so few colours are near copies for a network of three layers, but not all.
    #expect(result.status == 0 && count >= 1 && count <= 60, "\(result)")
    #expect(try stored("t.tnn").count == count && stored("t.tnn").version == 2)
    #expect(result.errors.contains("photos without labels stay in the task"), "\(result)")
    #expect(try adapt("again.tnn").status == 0)
    #expect(try contents(of: file("t.tnn")) == contents(of: file("again.tnn")))

    let added = try fixtures.addClass("red", in: "more")
    let edited = try Command.run(["classes", file("t.tnn"), "--add", "red=\(added)", "--json"])
    #expect(try edited.status == 0 && edited.json()["unlabelled"] as? Int == count, "\(edited)")
    #expect(try stored("t.tnn").count == count)
    let undone = try Command.run(["classes", file("t.tnn"), "--undo", "--json"])
    #expect(undone.status == 0, "\(undone)")
    #expect(try contents(of: file("t.tnn")) == contents(of: file("again.tnn")))

    // Another device's stay there.
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "-o", file("plain.tnn")]).status == 0)
    let merged = try Command.run(["classes", file("plain.tnn"), "--merge", file("t.tnn")])
    #expect(merged.status == 0 && merged.errors.contains("its \(count) photos without labels stay there"), "\(merged)")
    #expect(try stored("plain.tnn").count == 0)

    let forgotten = try Command.run(["classes", file("t.tnn"), "--forget-unlabelled"])
    #expect(forgotten.status == 0 && forgotten.errors.contains("\(count) photos without labels are forgotten"), "\(forgotten)")
    #expect(try stored("t.tnn").count == 0 && stored("t.tnn").version == 1)
    #expect(!forgotten.output.contains("without labels"), "\(forgotten)")
  }

  /// A photo that gets a label is no longer among those without.
  @Test func aLabelTakesAPhotoOut() throws {
    #expect(try adapt("t.tnn").status == 0)
    let memory = AlignedMemory(copying: try contents(of: file("t.tnn")))
    let task = try #require(try TaskFile(reading: Model(validating: memory.bytes)))
    let identifiers = try #require(task.unlabelled?.identifiers)
    let photos = try KeptPhotosTests.colours.flatMap { colour in
      try (10..<30).map { file("others/\(colour)\($0).ppm") }.filter { identifiers.contains(try PhotoIdentifier.of($0)) }
    }
    try fixtures.folder.makeFolder("labelled")
    try fixtures.folder.write(contents(of: photos[0]), to: "labelled/one.ppm")
    #expect(try Command.run(["classes", file("t.tnn"), "--add", "reddish=\(file("labelled"))"]).status == 0)
    #expect(try stored("t.tnn").count == identifiers.count - 1)
    withExtendedLifetime(memory) {}
  }

  @Test func theBudgetHoldsFewer() throws {
    let all = try kept(adapt("all.tnn"))
    let plan = try Command.run(["adapt", dataset, "--model", encoder, "-o", file("none.tnn"), "--json"]).json()["planBytes"]
    let budget = try #require(plan as? Int) + 120_000
    let result = try adapt("few.tnn", "others", ["--memory", "\(budget)B"])
    #expect(result.status == 0, "\(result)")
    if result.status == 0 {
      #expect(try result.json()["planBytes"] as? Int ?? .max <= budget, "\(result)")
      #expect(try kept(result) <= all)
    }
  }

  /// One picture many times over counts once, and does not make the answers worse.
  @Test func copiesCountOnce() throws {
    try fixtures.folder.makeFolder("copies")
    let photo = PhotoFixtures.photo("reddish", 3)
    for number in 0..<500 { try fixtures.folder.write(photo, to: "copies/\(number).ppm") }
    let result = try adapt("t.tnn", "copies")
    #expect(try result.status == 0 && kept(result) <= 1, "\(result)")
    #expect(try !stored("t.tnn").isTrusted)
    #expect(result.errors.contains("255 of 256 photos are copies"), "\(result)")
  }

  @Test func emptyAndMissingFoldersAreRefused() throws {
    try fixtures.folder.makeFolder("empty")
    for (folder, line) in [("empty", "there are no photos in it"), ("nowhere", "nowhere")] {
      let result = try adapt("t.tnn", folder)
      #expect(result.status == 66 && result.errors.contains(line), "\(result)")
    }
    try fixtures.folder.makeFolder("broken")
    for number in 0..<9 { try fixtures.folder.write([1, 2, 3], to: "broken/\(number).jpg") }
    let result = try adapt("t.tnn", "broken")
    #expect(result.status == 65 && result.errors.contains("none of its 9 files is a photo that can be read"), "\(result)")
  }

  /// Readers of version 1 skip sections that they do not know, but not a version that they do not know.
  @Test func anOlderVersionWithTheSectionIsRefused() throws {
    #expect(try adapt("t.tnn").status == 0)
    var bytes = try contents(of: file("t.tnn"))
    bytes[8] = 1
    let memory = AlignedMemory(copying: bytes)
    memory.buffer.storeBytes(of: Checksum.ofFile(memory.bytes), toByteOffset: 24, as: UInt64.self)
    #expect { try Model(validating: memory.bytes) } throws: { ($0 as? ModelError)?.reason == .wrongVersion }
  }
}
