import Foundation
import HostRuntime
import TestSupport
import Testing

@Suite struct ClassifyTests {
  let fixtures: PhotoFixtures
  let task: String

  init() throws {
    fixtures = try PhotoFixtures()
    task = try fixtures.makeTask()
  }

  private func photo(_ colour: String, _ number: Int = 50) throws -> String {
    try fixtures.folder.write(PhotoFixtures.photo(colour, number), to: "\(colour)-\(number).ppm")
  }

  private func lines(_ result: CommandResult) throws -> [[String: Any]] {
    try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\(result)")
    }
  }

  @Test func everyImageGetsOneLine() throws {
    let images = try ["red", "green", "blue"].map { try photo($0) }
    let result = try Command.run(["classify"] + images + ["--model", task, "--json", "--top", "2"])
    #expect(result.status == 0, "\(result)")
    let answers = try lines(result)
    #expect(answers.compactMap { $0["label"] as? String } == ["red", "green", "blue"], "\(result)")
    #expect(answers.compactMap { $0["image"] as? String } == images)
    for answer in answers {
      let top = try #require(answer["top"] as? [[String: Any]])
      #expect(top.count == 2 && top[0]["label"] as? String == answer["label"] as? String, "\(answer)")
      #expect(top[0]["confidence"] as? Double == answer["confidence"] as? Double, "\(answer)")
      #expect(answer["unknown"] as? Bool == false && (answer["milliseconds"] as? Double ?? 0) > 0, "\(answer)")
    }
    #expect(result.errors.contains("task: \(task)") && result.errors.contains("memory: plan"), "\(result)")
  }

  @Test(
    "Many photos: the same answers in the same order for any number of threads, and photos per second", arguments: ["1", "2", "5"])
  func manyPhotos(threads: String) throws {
    let colours = (0..<140).map { ["red", "green", "blue"][$0 * 7 % 3] }
    let images = try colours.enumerated().map { try photo($1, 50 + $0 % 9) }
    let result = try Command.run(["classify"] + images + ["--model", task, "--json", "--threads", threads])
    #expect(result.status == 0, "\(result)")
    let answers = try lines(result)
    #expect(
      answers.compactMap { $0["image"] as? String } == images && answers.compactMap { $0["label"] as? String } == colours,
      "\(result)")
    #expect(result.errors.contains("140 photos in") && result.errors.contains("photos/s"), "\(result)")
  }

  @Test func otherThingsAreUnknown() throws {
    let result = try Command.run(["classify", photo("white"), "--model", task, "--json"])
    #expect(try lines(result).first?["unknown"] as? Bool == true, "\(result)")
    let text = try Command.run(["classify", photo("white"), photo("red"), "--model", task])
    let answers = text.output.split(separator: "\n")
    #expect(
      answers.count == 2 && answers[0].contains("unknown") && answers[1].contains("red  ") && !answers[1].contains("unknown"),
      "\(text)")
  }

  @Test func photosThatCannotBeReadDoNotStopTheOthers() throws {
    let bad = try fixtures.folder.write(Array("no photo".utf8), to: "bad.jpg")
    let result = try Command.run([
      "classify", bad, photo("red"), fixtures.folder.file("missing.jpg"), photo("blue"), "--model", task, "--json",
    ])
    #expect(result.status == 65, "\(result)")
    #expect(try lines(result).compactMap { $0["label"] as? String } == ["red", "blue"], "\(result)")
    #expect(result.errors.contains("bad.jpg: not an image") && result.errors.contains("missing.jpg"), "\(result)")
    let alone = try Command.run(["classify", bad, "--model", task])
    #expect(alone.status == 65 && alone.output.isEmpty, "\(alone)")
    let missing = try Command.run(["classify", "/nowhere.jpg", "--model", task])
    #expect(missing.status == 66 && missing.output.isEmpty, "\(missing)")
  }

  @Test func standardInputIsRead() throws {
    let result = try Command.shell("exec \"$1\" classify - --model \"$2\" --json < \"$3\"", [Command.path, task, photo("green")])
    #expect(result.status == 0, "\(result)")
    #expect(try lines(result).first?["label"] as? String == "green" && lines(result).first?["image"] as? String == "-", "\(result)")
    let empty = try Command.run(["classify", "-", "--model", task])
    #expect(empty.status == 65 && empty.errors.contains("standard input"), "\(empty)")
  }

  @Test func filesWithoutATaskAreRefused() throws {
    let image = try photo("red")
    func expectFailure(_ arguments: [String], _ status: Int32, _ message: String, environment: [String: String] = [:]) throws {
      let result = try Command.run(["classify", image] + arguments, environment: environment)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(result)")
    }
    try expectFailure(["--model", fixtures.encoder], 65, "edgessl adapt DIR --model")
    try expectFailure(["--model", "/nowhere.tnn"], 66, "no such file")
    try expectFailure([], 66, "no task yet", environment: ["HOME": fixtures.folder.path])
    let bytes = try contents(of: task)
    try expectFailure(["--model", fixtures.folder.write(Array(bytes.dropLast()), to: "cut.tnn")], 65, "truncated")
    var damaged = bytes
    damaged[bytes.count - 1] ^= 1
    try expectFailure(["--model", fixtures.folder.write(damaged, to: "damaged.tnn")], 65, "checksum")
    try Command.expectFailure(["classify", image, "--top", "0"], status: 64, "--top")
    try Command.expectFailure(["classify"], status: 64, "IMAGE")
  }
}
