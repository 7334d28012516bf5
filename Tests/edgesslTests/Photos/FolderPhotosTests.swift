import Foundation
import Glibc
import TestSupport
import Testing

/// Nothing in a folder of photos vanishes without a word.
@Suite struct FolderPhotosTests {
  let fixtures: PhotoFixtures
  private let dataset: String
  private var folder: TemporaryFolder { fixtures.folder }

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = try fixtures.makeDataset()
  }

  private func adapt(_ options: [String] = []) throws -> CommandResult {
    try Command.run(["adapt", dataset, "--model", fixtures.encoder, "-o", folder.file("t.tnn")] + options)
  }

  @Test func whatIsNoFileIsNamed() throws {
    try FileManager.default.createSymbolicLink(atPath: "\(dataset)/red/gone.ppm", withDestinationPath: "/nowhere/gone.ppm")
    #expect(mkfifo("\(dataset)/green/pipe", 0o600) == 0)
    let bytes = PhotoFixtures.photo("blue", 60)
    _ = try Command.shell("cp \"$1\" \"$2/blue/caf$(printf '\\351').ppm\"", [folder.write(bytes, to: "p.ppm"), dataset])
    let named = try Command.shell(
      "cd \"$2/blue\" && \"$1\" classify caf*.ppm --model \"$3\"", [Command.path, dataset, fixtures.makeTask("plain.tnn")])
    #expect(named.status == 66 && named.errors.contains(".ppm: its name is not UTF-8; rename it"), "\(named)")
    let link = "\(dataset)/red/gone.ppm: is a link to a file that is not there; mend or remove it"
    let faults = [
      link, "\(dataset)/green/pipe: is not a regular file; remove it",
      "\(dataset)/blue/caf\\xE9.ppm: its name is not UTF-8; rename it",
    ]
    let result = try adapt(["--json"])
    #expect(result.status == 0, "\(result)")
    for fault in faults { #expect(result.errors.contains("warning: \(fault); skipped\n"), "\(result)") }
    let json = try result.json()
    #expect((json["skipped"] as? [String])?.count == 3 && json["photos"] as? Int == 12, "\(result)")

    for (place, fault, status) in [("red/gone.ppm", faults[0], 66), ("green/pipe", faults[1], 65)] as [(String, String, Int32)] {
      let strict = try Command.run([
        "classes", folder.file("t.tnn"), "--add", "more=\(dataset)/\(place.split(separator: "/")[0])", "--strict",
      ])
      #expect(strict.status == status && strict.errorLines.last == "edgessl: \(fault)", "\(strict)")
    }
    let strict = try adapt(["--strict"])
    #expect([65, 66].contains(strict.status) && strict.output.isEmpty, "\(strict)")
    let measured = try Command.run(["evaluate", "--model", folder.file("t.tnn"), "--dataset", dataset, "--json"])
    #expect(try (measured.json()["skipped"] as? [String])?.count == 3, "\(measured)")
  }

  @Test func whatNoClassHasIsNamed() throws {
    try folder.write(PhotoFixtures.photo("red", 61), to: "photos/beside.ppm")
    try folder.write(Array("about".utf8), to: "photos/README.md")
    try FileManager.default.createSymbolicLink(atPath: "\(dataset)/white", withDestinationPath: "/nowhere/white")
    try folder.makeFolder("photos/red/day 2/cut")
    try folder.write(PhotoFixtures.photo("red", 62), to: "photos/red/day 2/1.ppm")
    try folder.write(PhotoFixtures.photo("red", 63), to: "photos/red/day 2/cut/2.ppm")
    let inside = "\(dataset)/red/day 2: is a folder inside that of a class, which does not have its 2 photos; move them up"
    let result = try adapt()
    #expect(result.status == 0, "\(result)")
    for fault in [
      "\(dataset)/beside.ppm: lies beside the folders of the classes, so no class has it",
      "\(dataset)/white: is a link to a file that is not there; mend or remove it", inside,
    ] { #expect(result.errors.contains("warning: \(fault); skipped\n"), "\(result)") }
    #expect(!result.errors.contains("README"), "\(result)")
    let added = try Command.run(["classes", folder.file("t.tnn"), "--add", "more=\(dataset)/red"])
    #expect(added.status == 0 && added.errors.contains("warning: \(inside); skipped\n"), "\(added)")
    let strict = try adapt(["--strict"])
    #expect(strict.status == 65 && strict.errors.contains("\(dataset)/beside.ppm: lies beside"), "\(strict)")
  }

  @Test func aClassOfFoldersIsRefused() throws {
    try folder.makeFolder("photos/train/red")
    try folder.write(PhotoFixtures.photo("red", 64), to: "photos/train/red/1.ppm")
    let result = try adapt()
    #expect(result.status == 65 && result.errors.contains("class 'train' has photos only in folders inside it"), "\(result)")
  }

  @Test func photosOfAnythingAreReadAtAnyDepth() throws {
    try folder.makeFolder("anything/a/b/c")
    for (index, place) in ["1", "a/2", "a/b/3", "a/b/c/4"].enumerated() {
      try folder.write(PhotoFixtures.photo("red", 70 + index), to: "anything/\(place).ppm")
    }
    try FileManager.default.createSymbolicLink(atPath: folder.file("anything/a/around"), withDestinationPath: "..")
    let result = try Command.run([
      "quantize", fixtures.encoder, "--calibration", folder.file("anything"), "--fast", "-o", folder.file("8.tnn"),
    ])
    #expect(result.status == 0 && result.errors.contains("only 4 photos"), "\(result)")
  }

  @Test func aFolderIsNotAPhoto() throws {
    #expect(try adapt().status == 0)
    for name in [dataset, dataset + "/"] {
      let result = try Command.run(["classify", name, "\(dataset)/red/0.ppm", "--model", folder.file("t.tnn")])
      #expect(
        result.status == 66 && result.errors.contains("edgessl: \(name): is a folder; name its photos: \(dataset)/*.jpg\n"),
        "\(result)")
      #expect(result.output.contains("red/0.ppm  red"), "the others are answered: \(result)")
    }
    let embedded = try Command.run(["embed", fixtures.encoder, dataset, "-o", folder.file("y.npy")])
    #expect(embedded.status == 66 && embedded.errors.contains("is a folder; name its photos"), "\(embedded)")
  }
}
