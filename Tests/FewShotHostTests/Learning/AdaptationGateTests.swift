import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct AdaptationGateTests {
  private func gate(_ fixture: TailFixture, checkpoint: AdaptationCheckpoint? = nil) throws -> AdaptationGate {
    AdaptationGate(
      try fixture.trainer(), fixture.photos, classCount: fixture.classCount, unlabelled: fixture.unlabelled, seed: 5,
      checkpoint: checkpoint)
  }

  @Test func oneOfAClassCannotBeHeldOut() throws {
    let gate = try gate(TailFixture(shots: [4, 1]))
    #expect(gate.trials.isEmpty && gate.winner == nil && gate.heldOut == 0 && !gate.takesTrained)
  }

  @Test("Every photo is held out once for each way of training", arguments: [[2, 2], [4, 3], [5, 5]])
  func everyPhotoIsHeldOutOnce(_ shots: [Int]) throws {
    let fixture = try TailFixture(shots: shots, unlabelled: 1, .auto), gate = try gate(fixture), count = shots.reduce(0, +)
    #expect(gate.heldOut == count && (0...count).contains(gate.frozenRight) && gate.frozenLogLikelihood <= 0)
    #expect(gate.trials.map(\.candidate) == fixture.options.candidates)
    for trial in gate.trials {
      #expect((0...count).contains(trial.right) && trial.logLikelihood <= 0, "\(trial)")
      let calibration = trial.calibration
      #expect(calibration.leftOutCount == count && calibration.leftOutRight == trial.right && calibration.scale > 0, "\(trial)")
    }
  }

  @Test func equalSeedsDecideAlike() throws {
    let (a, b) = (try gate(TailFixture(.auto)), try gate(TailFixture(.auto)))
    #expect(a.trials.map(\.logLikelihood) == b.trials.map(\.logLikelihood) && a.winner?.candidate == b.winner?.candidate)
  }

  @Test("Another way than the first has to be ahead by the lead")
  func theFirstWayIsPreferred() throws {
    for seed in 1...6 {
      let gate = try gate(TailFixture(shots: [4, 4], .auto, seed: UInt64(seed)))
      let winner = try #require(gate.winner), best = gate.trials.max { $0.score < $1.score }!
      let isAhead = best.score >= gate.trials[0].score + AdaptationGate.lead
      #expect(winner.candidate == (isAhead ? best : gate.trials[0]).candidate, "seed \(seed): \(gate.trials)")
    }
  }

  @Test func trainingThatRuinsTheTailIsRefused() throws {
    let gate = try gate(TailFixture(shots: [6, 6], steps: 30, learningRate: 20, noise: 0.2))
    let winner = try #require(gate.winner)
    #expect(gate.frozenRight >= 10, "the classes are told apart without training: \(gate.frozenRight) of 12")
    #expect(winner.right < gate.frozenRight - 1 && !gate.takesTrained, "\(winner.right) of 12 with, \(gate.frozenRight) without")
  }
}
