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
      "adapt", dataset, "--model", encoder, "--method", "finetune", "--ungated", "--steps", "12", "--views", "1", "--batch", "4",
      "--seed", "3", "--checkpoint", "0", "-o", task,
    ] + more
  }

  /// How far a training is.
  private struct Position: Comparable, CustomStringConvertible {
    /// Trainings that are done, three on held-out photos come before the last, and the steps of the next one.
    let trainings, step: Int
    var description: String { "\(trainings) trainings and \(step) steps" }
    static func < (a: Position, b: Position) -> Bool { (a.trainings, a.step) < (b.trainings, b.step) }
  }

  /// What the checkpoint says; it is always whole, since it is replaced at once.
  private var position: Position? {
    guard let bytes = try? contents(of: checkpoint), bytes.count >= 56 else { return nil }
    return bytes.withUnsafeBytes {
      Position(
        trainings: Int($0.loadUnaligned(fromByteOffset: 20, as: UInt32.self)),
        step: Int($0.loadUnaligned(fromByteOffset: 48, as: UInt64.self)))
    }
  }

  /// Kills a run as soon as its checkpoint is at `place` or beyond; a run that ends before it is seen there is tried again.
  private func stop(at place: Position, _ more: [String] = []) throws {
    for _ in 0..<10 where try Command.kill(arguments(more), when: { position.map { $0 >= place } ?? false }) { return }
    Issue.record("no run was seen at \(place)")
  }

  @Test("Stopped and resumed, the file is that of an uninterrupted run", arguments: ["none", "rotation"])
  func resumesWithTheSameBits(_ auxiliary: String) throws {
    let options = ["--auxiliary", auxiliary]
    #expect(try Command.run(arguments(options)).status == 0)
    #expect(!fixtures.folder.names.contains("t.tnn.checkpoint"), "a run that ended left its checkpoint")
    let expected = try contents(of: task)
    for place in [Position(trainings: 0, step: 1), Position(trainings: 2, step: 4), Position(trainings: 3, step: 2)] {
      try fixtures.folder.remove("t.tnn")
      try stop(at: place, options)
      let last = try Command.run(arguments(options + ["--resume"]))
      #expect(last.status == 0 && last.errors.contains("goes on from"), "\(place): \(last)")
      let found = try contents(of: task)
      let different = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      #expect(
        found.count == expected.count && different == nil, "\(place): byte \(different ?? -1) of \(expected.count) differs\n\(last)"
      )
      #expect(!fixtures.folder.names.contains("t.tnn.checkpoint"), "\(place): the run left its checkpoint")
    }
  }

  /// Writes a checkpoint by stopping a run, whenever one is there.
  private func leaveCheckpoint() throws -> [UInt8] {
    try stop(at: Position(trainings: 0, step: 1))
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

  /// What counts as damaged: AdaptationCheckpointTests.
  @Test func refusesDamagedCheckpoints() throws {
    let good = try leaveCheckpoint()
    var flipped = good
    flipped[good.count / 2] ^= 1
    for (index, damaged) in [[], Array(good.dropLast()), flipped].enumerated() {
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
