import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct AdaptationGateTests {
  private func gate(_ fixture: TailFixture, checkpoint: AdaptationCheckpoint? = nil) throws -> AdaptationGate {
    AdaptationGate(
      try fixture.trainer(), fixture.photos, classCount: fixture.classCount,
      untrained: UntrainedAnswers(right: 1, logLikelihood: -3), unlabelled: fixture.unlabelled, seed: 5, checkpoint: checkpoint)
  }

  @Test func oneOfAClassCannotBeHeldOut() throws {
    let gate = try gate(TailFixture(shots: [4, 1]))
    #expect(gate.trials.isEmpty && gate.winner == nil && gate.heldOut == 0 && !gate.takesTrained)
  }

  @Test("Every photo is held out once for each way of training", arguments: [[2, 2], [4, 3], [5, 5]])
  func everyPhotoIsHeldOutOnce(_ shots: [Int]) throws {
    let fixture = try TailFixture(shots: shots, unlabelled: 1, .auto), gate = try gate(fixture), count = shots.reduce(0, +)
    #expect(gate.heldOut == count && gate.untrained == UntrainedAnswers(right: 1, logLikelihood: -3))
    #expect(gate.trials.map(\.auxiliaries) == fixture.options.candidates)
    for trial in gate.trials {
      #expect((0...count).contains(trial.right) && trial.logLikelihood <= 0, "\(trial)")
      let calibration = trial.calibration
      #expect(calibration.leftOutCount == count && calibration.leftOutRight == trial.right && calibration.scale > 0, "\(trial)")
    }
  }

  @Test func equalSeedsDecideAlike() throws {
    let (a, b) = (try gate(TailFixture(.auto)), try gate(TailFixture(.auto)))
    #expect(a.trials.map(\.logLikelihood) == b.trials.map(\.logLikelihood) && a.winner?.auxiliaries == b.winner?.auxiliaries)
  }

  private func trial(_ auxiliaries: [ObjectiveKind] = [], right: Int, _ logLikelihood: Float = 0) -> AdaptationGate.Trial {
    AdaptationGate.Trial(
      auxiliaries: auxiliaries, right: right, logLikelihood: logLikelihood,
      calibration: Calibration(
        scale: 10, threshold: 0, scaleSource: .preset, thresholdSource: .leaveOneOut, leftOutCount: 0, leftOutRight: 0))
  }

  private func winner(_ first: (Int, Float), _ second: (Int, Float)) -> [ObjectiveKind]? {
    let trials = [trial(right: first.0, first.1), trial([.simclr], right: second.0, second.1)]
    return AdaptationGate(trials, untrained: UntrainedAnswers(right: 10, logLikelihood: -3), heldOut: 24).winner?.auxiliaries
  }

  @Test("Another way than the first has to be ahead by the lead, in right answers and log-likelihood together")
  func theFirstWayIsPreferred() {
    #expect(winner((10, -3), (11, -3)) == [])
    #expect(winner((10, -3), (12, -3)) == [.simclr])
    #expect(winner((10, -3), (11, -2)) == [.simclr])
    #expect(winner((12, -3), (10, -3)) == [])
    #expect(winner((10, -3), (13, -7)) == [])
  }

  @Test(
    "Training has to be ahead of the head without it, by more than another way of training of the first",
    arguments: [(10, -3, false), (13, -3, false), (14, -3, true), (12, -1, true), (15, -5, false), (11, 0, true), (11, -1, false)])
  func trainingHasToBeAhead(_ right: Int, _ logLikelihood: Float, _ takes: Bool) {
    let untrained = UntrainedAnswers(right: 10, logLikelihood: -3)
    let gate = AdaptationGate([trial(right: right, logLikelihood)], untrained: untrained, heldOut: 24)
    #expect(gate.takesTrained == takes, "\(right) right, \(logLikelihood)")
    #expect(!AdaptationGate([trial(right: right, logLikelihood)], untrained: nil, heldOut: 24).takesTrained)
  }
}
