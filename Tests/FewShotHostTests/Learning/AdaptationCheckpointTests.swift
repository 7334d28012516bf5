import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct AdaptationCheckpointTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("checkpoint") }

  init() throws { folder = try TemporaryFolder() }

  private func checkpoint(
    _ fixture: TailFixture, _ tail: TailTrainer, _ identity: AdaptationIdentity? = nil, resumes: Bool = false
  ) throws -> AdaptationCheckpoint {
    try AdaptationCheckpoint(path: path, identity ?? fixture.identity, of: tail, interval: 0, resumes: resumes)
  }

  @Test(
    "Stopped after any step and resumed, a training ends with the same bits and losses",
    arguments: ["none", "rotation", "npid,temporal-ensembling,moco,interpolation"])
  func resumesAfterAnyStep(_ name: String) throws {
    let auxiliary = try #require(AdaptationOptions.Auxiliary(rawValue: name))
    let fixture = try TailFixture(unlabelled: 2, auxiliary, steps: 6), tail = try fixture.trainer()
    let whole = fixture.train(tail), curve = tail.curve
    var left: [[UInt8]] = []
    let kept = try checkpoint(fixture, tail)
    #expect(fixture.train(tail, checkpoint: kept) { _ in left.append((try? contents(of: path)) ?? []) } == whole)
    #expect(kept.failure == nil && left.count == 6)
    for (index, bytes) in left.enumerated() {
      try folder.write(bytes, to: "checkpoint")
      let other = try fixture.trainer(), resumed = try checkpoint(fixture, other, resumes: true)
      #expect(resumed.hasResumed && resumed.position == (0, index + 1))
      var steps = 0
      #expect(fixture.train(other, checkpoint: resumed) { _ in steps += 1 } == whole, "stopped after step \(index + 1)")
      #expect(other.curve == curve && steps == 5 - index, "stopped after step \(index + 1)")
    }
  }

  @Test func trialsThatAreDoneAreNotRepeated() throws {
    let fixture = try TailFixture(steps: 4)
    func gate(_ tail: TailTrainer, _ checkpoint: AdaptationCheckpoint?) -> AdaptationGate {
      AdaptationGate(
        tail, fixture.photos, classCount: 2, untrained: UntrainedAnswers(right: 1, logLikelihood: -3), seed: 5,
        checkpoint: checkpoint)
    }
    let tail = try fixture.trainer(), expected = gate(tail, nil)
    _ = gate(tail, try checkpoint(fixture, tail))
    let other = try fixture.trainer(), resumed = try checkpoint(fixture, other, resumes: true)
    #expect(resumed.position == (HeldOutFolds.limit * fixture.options.candidates.count, 0))
    let found = gate(other, resumed)
    #expect(other.curve.lines.isEmpty, "a training ran")
    #expect(found.trials.map(\.logLikelihood) == expected.trials.map(\.logLikelihood))
  }

  @Test func refusesWhatIsNotTheSame() throws {
    let fixture = try TailFixture(), tail = try fixture.trainer()
    _ = fixture.train(tail, checkpoint: try checkpoint(fixture, tail))
    func refused(_ other: TailFixture, _ identity: AdaptationIdentity, _ expected: AdaptationCheckpointError) throws {
      let tail = try other.trainer()
      #expect(throws: expected) { try checkpoint(other, tail, identity, resumes: true) }
    }
    let network = try TailFixture(seed: 2), options = try TailFixture(learningRate: 0.02)
    try refused(network, network.identity, .otherModel)
    try refused(options, options.identity, .otherOptions)
    try refused(fixture, fixture.identity(classes: ["a", "c"]), .otherPhotos)
    try refused(fixture, fixture.identity(firstPhoto: 101), .otherPhotos)
    #expect(try checkpoint(fixture, tail, resumes: true).hasResumed)
  }

  @Test func refusesWhatIsDamaged() throws {
    let fixture = try TailFixture(.always([.rotation])), tail = try fixture.trainer()
    _ = fixture.train(tail, checkpoint: try checkpoint(fixture, tail))
    let good = try contents(of: path)
    var damaged: [[UInt8]] = [[], Array(good.prefix(7)), Array(good.prefix(87)), Array(good.dropLast()), good + [0]]
    var random = CounterRandom(seed: 5)
    for index in 0..<200 {
      var bytes = good
      bytes[index < 88 ? index : random.next(below: good.count)] ^= 1 << UInt8(random.next(below: 8))
      damaged.append(bytes)
    }
    for (index, bytes) in damaged.enumerated() {
      try folder.write(bytes, to: "checkpoint")
      #expect(throws: AdaptationCheckpointError.damaged, "case \(index)") { try checkpoint(fixture, tail, resumes: true) }
    }
    #expect(!(try checkpoint(fixture, tail).hasResumed), "without resuming, the file is not read")
  }

  @Test func whatIsNotThereBeginsAnew() throws {
    let fixture = try TailFixture(), tail = try fixture.trainer(), whole = fixture.train(tail)
    let empty = try checkpoint(fixture, tail, resumes: true)
    #expect(!empty.hasResumed && empty.position == (0, 0))
    #expect(fixture.train(tail, checkpoint: empty) == whole)
  }

  @Test func aFileThatCannotBeWrittenOnlySaysSo() throws {
    let fixture = try TailFixture(), tail = try fixture.trainer(), whole = fixture.train(tail)
    let lost = try AdaptationCheckpoint(
      path: folder.file("no folder/checkpoint"), fixture.identity, of: tail, interval: 0, resumes: false)
    #expect(fixture.train(tail, checkpoint: lost) == whole && lost.failure != nil)
  }
}
