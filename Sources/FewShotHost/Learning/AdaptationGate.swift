public import FewShot
import TinyNN

/// Whether a trained tail is better than the head that the photos teach without training, and trained how, by photos that were held
/// out of both: cross-validation over the labelled photos.
public struct AdaptationGate: Sendable {
  /// What one way of training reached on the held-out photos.
  public struct Trial: Sendable {
    /// What trained beside the prototypes.
    public let auxiliaries: [ObjectiveKind]
    /// Right answers, and the logarithm of the likelihood of all at the best scale.
    public let right: Int
    public let logLikelihood: Float
    /// Scale and threshold for a tail trained so: the photos that it was trained on would be too sure.
    public let calibration: Calibration

    var score: Float { Float(right) + logLikelihood }
  }

  public let trials: [Trial]
  /// Without training; nil where nothing was tried.
  public let untrained: UntrainedAnswers?
  public let heldOut: Int
  /// Nil where nothing was tried.
  public let winner: Trial?

  /// By how much another way of training must be ahead of the first one, in right answers and units of log-likelihood.
  static let lead: Float = 2
  /// By how much training must be ahead of the head without it. Chosen on sets that no table shows: with 2 tasks near what the
  /// encoder was pretrained on lose some tenths, with 6 those far from it lose most of what training brings.
  static let leadOverUntrained: Float = 4

  public var takesTrained: Bool {
    guard let winner, let untrained else { return false }
    return winner.score >= Float(untrained.right) + untrained.logLikelihood + AdaptationGate.leadOverUntrained
  }

  /// Decides by trials, the preferred way of training first: another one has to be ahead of it by `lead`.
  init(_ trials: [Trial], untrained: UntrainedAnswers?, heldOut: Int) {
    self.trials = trials
    self.untrained = untrained
    self.heldOut = heldOut
    let best = trials.max { $0.score < $1.score }
    winner = best.map { $0.score >= trials[0].score + AdaptationGate.lead ? $0 : trials[0] }
  }

  /// Trains once for each candidate and fold; those that `checkpoint` holds are not repeated. Closed where a class has fewer than
  /// `HeldOutFolds.minimumShots` photos.
  /// - Parameter untrained: of the same photos in the same order.
  public init(
    _ tail: TailTrainer, _ photos: [CachedPhoto], classCount: Int, untrained: UntrainedAnswers?, unlabelled: [Int] = [],
    seed: UInt64,
    checkpoint: AdaptationCheckpoint? = nil
  ) {
    guard let untrained, let folds = HeldOutFolds(photos.map(\.label), classCount: classCount) else {
      self.init([], untrained: nil, heldOut: 0)
      return
    }
    let candidates = tail.plan.options.candidates
    var labels: [Int] = []
    var trained = candidates.map { _ in HeldOutCosines(classCount) }
    for part in 0..<folds.count {
      let kept = folds.kept(part).map { photos[$0] }, left = folds.left(part).map { photos[$0] }
      for (index, candidate) in candidates.enumerated() {
        if let cosines = checkpoint?.nextFinished() {
          trained[index].cosines += cosines
          continue
        }
        tail.restart()
        tail.train(kept, classCount: classCount, unlabelled: unlabelled, seed: seed, with: candidate, checkpoint: checkpoint)
        let start = trained[index].cosines.count
        trained[index].add(tail, kept, left)
        checkpoint?.finish(Array(trained[index].cosines[start...]))
      }
      labels += left.map(\.label)
    }
    let trials = zip(candidates, trained).map { candidate, cosines in
      let found = cosines.score(labels)
      return Trial(
        auxiliaries: candidate, right: found.right, logLikelihood: found.logLikelihood,
        calibration: Calibration(
          scale: found.scale, threshold: cosines.threshold(labels.count), scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut,
          leftOutCount: labels.count, leftOutRight: found.right))
    }
    self.init(trials, untrained: untrained, heldOut: labels.count)
  }
}

/// Cosines of held-out photos to the prototypes of the others.
private struct HeldOutCosines {
  let classCount: Int
  var cosines: [Float] = []

  init(_ classCount: Int) { self.classCount = classCount }

  mutating func add(_ tail: TailTrainer, _ support: [CachedPhoto], _ queries: [CachedPhoto]) {
    let prototypes = tail.prototypes(support, classCount: classCount)
    let rows = tail.embeddings(queries.map(\.first))
    NearestPrototype.eachRow(rows, prototypes, prototypes.count / classCount) { _, classifier, embedding in
      for label in 0..<classCount { cosines.append(embedding.dot(classifier.prototypes[label])) }
    }
  }

  /// Right answers, and the logarithm of the likelihood at the scale that is best for these photos.
  func score(_ labels: [Int]) -> (logLikelihood: Float, right: Int, scale: Float) {
    var best = -Float.infinity
    var bestScale: Float = 0
    var right = 0
    for (row, label) in labels.enumerated() {
      let values = cosines[row * classCount..<(row + 1) * classCount]
      if values.firstIndex(of: values.max()!) == values.startIndex + label { right += 1 }
    }
    for step in 0..<13 {
      let scale = 4 * Float(1 << (step / 2)) * (step % 2 == 0 ? 1 : 1.41421356)
      var sum: Float = 0
      for (row, label) in labels.enumerated() {
        let values = cosines[row * classCount..<(row + 1) * classCount], own = values[values.startIndex + label]
        var total: Float = 0
        for value in values { total += ElementaryMath.exp(min(80, scale * (value - own))) }
        sum -= ElementaryMath.log(total)
      }
      if sum > best { (best, bestScale) = (sum, scale) }
    }
    return (best, right, bestScale)
  }

  /// Keeps `Calibrator.keptPercent` of the held-out photos, by the cosine to the nearest prototype, right or wrong.
  func threshold(_ count: Int) -> Float {
    let best = (0..<count).map { cosines[$0 * classCount..<($0 + 1) * classCount].max() ?? -1 }.sorted()
    return best[count * (100 - Calibrator.keptPercent) / 100]
  }
}
