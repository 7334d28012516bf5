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

  private func trial(_ factor: Float, right: Int, _ logLikelihood: Float = 0) -> AdaptationGate.Trial {
    AdaptationGate.Trial(
      candidate: AdaptationCandidate(learningRateFactor: factor), right: right, logLikelihood: logLikelihood,
      calibration: Calibration(
        scale: 10, threshold: 0, scaleSource: .preset, thresholdSource: .leaveOneOut, leftOutCount: 0, leftOutRight: 0))
  }

  private func winner(_ first: (Int, Float), _ second: (Int, Float)) -> Float? {
    let trials = [trial(1, right: first.0, first.1), trial(0.3, right: second.0, second.1)]
    return AdaptationGate(trials, frozenRight: 10, frozenLogLikelihood: -3, heldOut: 24).winner?.candidate.learningRateFactor
  }

  @Test("Another way than the first has to be ahead by the lead, in right answers and log-likelihood together")
  func theFirstWayIsPreferred() {
    #expect(winner((10, -3), (11, -3)) == 1)
    #expect(winner((10, -3), (12, -3)) == 0.3)
    #expect(winner((10, -3), (11, -2)) == 0.3)
    #expect(winner((12, -3), (10, -3)) == 1)
    #expect(winner((10, -3), (13, -7)) == 1)
  }

  @Test("One held-out photo in twelve may be lost", arguments: [(12, 1), (23, 1), (24, 2), (36, 3), (11, 0)])
  func trainingThatLosesMoreIsRefused(_ heldOut: Int, _ tolerated: Int) {
    func takes(_ right: Int) -> Bool {
      AdaptationGate([trial(1, right: right)], frozenRight: 8, frozenLogLikelihood: -3, heldOut: heldOut).takesTrained
    }
    #expect(takes(8 - tolerated) && takes(9) && !takes(8 - tolerated - 1), "\(heldOut) held out")
  }
}
