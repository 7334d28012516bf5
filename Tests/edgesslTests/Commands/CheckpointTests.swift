import FewShotTestSupport
import TestSupport
import Testing

@testable import edgessl

@Suite struct CheckpointTests {
  let fixtures: PhotoFixtures
  let dataset: String
  let encoder: String
  let task: String
  var checkpoint: String { task + ".checkpoint" }

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = try fixtures.makeDataset()
    encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
    task = fixtures.folder.file("t.tnn")
  }

  private func arguments(_ more: [String] = []) -> [String] {
    [
      "adapt", dataset, "--model", encoder, "--method", "finetune", "--steps", "12", "--views", "1", "--batch", "4", "--seed", "3",
      "--checkpoint", "0", "-o", task,
    ] + more
  }

  /// Kills runs after parts of the time that a whole one takes, each going on from the one before, until one has left its
  /// checkpoint.
  private func stop(_ random: inout SeededGenerator, _ more: [String]) throws {
    for _ in 0..<20 {
      let start = ContinuousClock.now
      _ = try Command.run(arguments(more))
      let whole = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1e3
      for _ in 0..<4 {
        let seconds = whole * Double.random(in: 0.2...1, using: &random)
        _ = try Command.shell("timeout -s KILL \"$@\"; exit 0", ["\(seconds)", Command.path] + arguments(more + ["--resume"]))
        if fixtures.folder.names.contains("t.tnn.checkpoint") { return }
      }
    }
    Issue.record("no run left a checkpoint")
  }

  @Test("Stopped at any moment and resumed, the file is that of an uninterrupted run", arguments: ["none", "rotation"])
  func resumesWithTheSameBits(_ auxiliary: String) throws {
    let options = ["--auxiliary", auxiliary]
    #expect(try Command.run(arguments(options)).status == 0)
    #expect(!fixtures.folder.names.contains("t.tnn.checkpoint"), "a run that ended left its checkpoint")
    let expected = try contents(of: task)
    var random = SeededGenerator(seed: 2)
    var resumed = Set<String>()
    for round in 0..<3 {
      try fixtures.folder.remove("t.tnn")
      try stop(&random, options)
      let last = try Command.run(arguments(options + ["--resume"]))
      #expect(last.status == 0, "round \(round): \(last)")
      if let line = last.errorLines.first(where: { $0.contains("goes on from") }) { resumed.insert(String(line)) }
      let found = try contents(of: task)
      let different = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      #expect(
        found.count == expected.count && different == nil,
        "round \(round): byte \(different ?? -1) of \(expected.count) differs\n\(last)")
      #expect(!fixtures.folder.names.contains("t.tnn.checkpoint"), "round \(round) left its checkpoint")
    }
    #expect(resumed.count >= 2, "no run went on from a checkpoint: \(resumed)")
  }

  /// Writes a checkpoint by stopping a run, whenever one is there.
  private func leaveCheckpoint() throws -> [UInt8] {
    var random = SeededGenerator(seed: 7)
    try stop(&random, [])
    return try contents(of: checkpoint)
  }

  @Test func refusesWhatIsNotTheSame() throws {
    let good = try leaveCheckpoint()
    func refused(_ arguments: [String], _ message: String) throws {
      let result = try Command.run(arguments)
      #expect(result.status == 65 && result.errorLines.last?.contains(message) == true, "\(message): \(result)")
      #expect(try contents(of: checkpoint) == good, "\(message): the checkpoint was changed")
    }
    try refused(arguments(["--resume", "--layers", "2"]), "with other options")
    try refused(arguments(["--resume"]).map { $0 == "3" ? "4" : $0 }, "with other options")
    try fixtures.folder.write(PhotoFixtures.photo("red", 77), to: "photos/red/0.ppm")
    try refused(arguments(["--resume"]), "with other photos")
    try fixtures.folder.write(PhotoFixtures.photo("red", 0), to: "photos/red/0.ppm")
    let moved = try TestPhotos.threeLayers(seed: 9)
    let own = try contents(of: encoder)
    try fixtures.folder.write(moved, to: "three-layers.tnn")
    try refused(arguments(["--resume"]), "another encoder")
    try fixtures.folder.write(own, to: "three-layers.tnn")
    #expect(try Command.run(arguments(["--resume"])).status == 0)
  }

  @Test func refusesDamagedCheckpoints() throws {
    let good = try leaveCheckpoint()
    var random = SeededGenerator(seed: 5)
    var cases: [[UInt8]] = [[], Array(good.prefix(7)), Array(good.prefix(60)), Array(good.dropLast()), good + [0]]
    for _ in 0..<8 {
      var damaged = good
      damaged[Int.random(in: 0..<good.count, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      cases.append(damaged)
    }
    for (index, damaged) in cases.enumerated() {
      try fixtures.folder.write(damaged, to: "t.tnn.checkpoint")
      let result = try Command.run(arguments(["--resume"]))
      #expect(result.status == 65 && result.errors.contains("t.tnn.checkpoint"), "case \(index): \(result)")
    }
    // Without --resume it is replaced, with a warning.
    let result = try Command.run(arguments())
    #expect(result.status == 0 && result.errors.contains("begins anew"), "\(result)")
  }

  @Test func withoutACheckpointItBeginsAnew() throws {
    let result = try Command.run(arguments(["--resume"]))
    #expect(result.status == 0 && result.errors.contains("begins anew"), "\(result)")
    let wrong = try Command.run(["adapt", dataset, "--model", encoder, "--resume", "-o", task])
    #expect(wrong.status == 64 && wrong.errors.contains("--method finetune"), "\(wrong)")
  }

  @Test func aCheckpointThatCannotBeWrittenOnlyWarns() throws {
    #expect(try Command.run(arguments()).status == 0)
    let expected = try contents(of: task)
    // A folder of that name cannot be replaced by a file.
    try fixtures.folder.makeFolder("t.tnn.checkpoint")
    let result = try Command.run(arguments())
    #expect(result.status == 0 && result.errors.contains("could not have been resumed"), "\(result)")
    #expect(try contents(of: task) == expected)
  }
}
