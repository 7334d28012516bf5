public import FewShot
import TinyNN

/// Whether a trained tail is better than the untrained one, and trained how, by photos that were held out of training:
/// cross-validation over the labelled photos.
public struct AdaptationGate: Sendable {
  /// What one way of training reached on the held-out photos.
  public struct Trial: Sendable {
    public let candidate: AdaptationCandidate
    /// Right answers, and the logarithm of the likelihood of all at the best scale.
    public let right: Int
    public let logLikelihood: Float
    /// Scale and threshold for a tail trained so: the photos that it was trained on would be too sure.
    public let calibration: Calibration

    var score: Float { Float(right) + logLikelihood }
  }

  public let trials: [Trial]
  public let frozenRight: Int
  public let frozenLogLikelihood: Float
  public let heldOut: Int
  /// Nil where nothing was tried.
  public let winner: Trial?

  /// Photos of a class that are needed.
  public static let minimumShots = 2
  /// One photo in so many that are held out may be lost: with few photos the count varies by that much by chance, and on all
  /// measured photo sets training gained more than it lost (Documentation/adaptation.md).
  public static let toleratedPart = 12
  /// Parts of the photos, each held out once.
  public static let folds = 3
  /// By how much another way of training must be ahead of the first one, in right answers and units of log-likelihood.
  static let lead: Float = 2

  public var takesTrained: Bool {
    guard let winner else { return false }
    return (frozenRight - winner.right) * AdaptationGate.toleratedPart <= heldOut
  }

  /// Trains once for each candidate and fold; those that `checkpoint` holds are not repeated. Closed where a class has fewer than
  /// `minimumShots` photos.
  public init(
    _ tail: TailTrainer, _ photos: [CachedPhoto], classCount: Int, unlabelled: [Int] = [], seed: UInt64,
    checkpoint: AdaptationCheckpoint? = nil
  ) {
    var position = [Int](repeating: 0, count: classCount)
    let fold = photos.map { photo in
      defer { position[photo.label] += 1 }
      return position[photo.label]
    }
    guard position.allSatisfy({ $0 >= AdaptationGate.minimumShots }) else {
      trials = []
      winner = nil
      frozenRight = 0
      frozenLogLikelihood = 0
      heldOut = 0
      return
    }
    let folds = min(AdaptationGate.folds, position.min() ?? 0)
    let candidates = tail.plan.options.candidates
    var (frozen, labels) = (HeldOutCosines(classCount), [Int]())
    var trained = candidates.map { _ in HeldOutCosines(classCount) }
    for part in 0..<folds {
      let kept = photos.indices.filter { fold[$0] % folds != part }.map { photos[$0] }
      let left = photos.indices.filter { fold[$0] % folds == part }.map { photos[$0] }
      tail.restart()
      frozen.add(tail, kept, left)
      for (index, candidate) in candidates.enumerated() {
        if let cosines = checkpoint?.nextFinished() {
          trained[index].cosines += cosines
          continue
        }
        tail.restart()
        tail.train(kept, classCount: classCount, unlabelled: unlabelled, seed: seed, as: candidate, checkpoint: checkpoint)
        let start = trained[index].cosines.count
        trained[index].add(tail, kept, left)
        checkpoint?.finish(Array(trained[index].cosines[start...]))
      }
      labels += left.map(\.label)
    }
    let before = frozen.score(labels)
    frozenRight = before.right
    frozenLogLikelihood = before.logLikelihood
    heldOut = labels.count
    let trials = zip(candidates, trained).map { candidate, cosines in
      let found = cosines.score(labels)
      return Trial(
        candidate: candidate, right: found.right, logLikelihood: found.logLikelihood,
        calibration: Calibration(
          scale: found.scale, threshold: cosines.threshold(labels.count), scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut,
          leftOutCount: labels.count, leftOutRight: found.right))
    }
    let best = trials.max { $0.score < $1.score }!
    winner = best.score >= trials[0].score + AdaptationGate.lead ? best : trials[0]
    self.trials = trials
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
