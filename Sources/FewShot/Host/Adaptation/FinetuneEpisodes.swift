import TinyNN

/// Few-shot episodes in which the tail is trained, beside the prototypes of the same episodes without training.
public struct FinetuneResult: Sendable {
  public internal(set) var adapted: [Double] = []
  public internal(set) var frozen: [Double] = []
  /// Episodes in which the gate took the trained tail.
  public internal(set) var takenCount = 0

  public var accuracy: EpisodeResult { EpisodeResult(accuracies: adapted) }
  public var frozenAccuracy: EpisodeResult { EpisodeResult(accuracies: frozen) }
  /// Paired: adapted minus frozen, episode by episode.
  public var gain: EpisodeResult { EpisodeResult(accuracies: zip(adapted, frozen).map { $0 - $1 }) }
}

extension Episodes {
  /// Learns and classifies every episode with a trained tail. Row r of the dataset is the photo whose cached tensors start at
  /// r times `TrunkRunner.places`.
  /// - Parameter gated: keeps the untrained tail where held-out photos say that training does not help.
  public func runFinetune(_ adapter: TailAdapter, gated: Bool, progress: (Int) -> Void = { _ in }) -> FinetuneResult {
    var result = FinetuneResult()
    let places = TrunkRunner.places(adapter.plan.options)
    let plain = run()
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let photos = draw.support.enumerated().map { CachedPhoto(label: $0.offset / options.shots, first: $0.element * places) }
      let seed = options.seed &* 1_000_003 &+ UInt64(episode)
      adapter.restart()
      let gate = gated ? AdaptationGate(adapter, photos, classCount: options.ways, seed: seed) : AdaptationGate.open
      result.frozen.append(plain.accuracies[episode])
      if gate.takesTrained {
        adapter.restart()
        adapter.train(photos, classCount: options.ways, turned: adapter.plan.options.rotationWeight > 0 ? photos.map(\.first) : [], seed: seed)
        let prototypes = adapter.prototypes(photos, classCount: options.ways)
        let queries = adapter.embeddings(draw.queries.map { $0.row * places })
        let right = NearestPrototype.rightCount(queries, draw.queries.map(\.label), prototypes, dimension: dataset.dimension)
        result.adapted.append(100 * Double(right) / Double(draw.queries.count))
        result.takenCount += 1
      } else {
        result.adapted.append(plain.accuracies[episode])
      }
      progress(episode + 1)
    }
    return result
  }
}

/// Whether a trained tail is better than the untrained one, by photos that were held out of training: cross-validation over the
/// labelled photos.
public struct AdaptationGate: Sendable {
  /// Mean log-likelihood of the held-out photos, and right answers among them.
  public let frozenLikelihood: Float
  public let trainedLikelihood: Float
  public let frozenRight: Int
  public let trainedRight: Int
  public let heldOut: Int
  public let takesTrained: Bool
  /// Scale and threshold for the trained tail, from the held-out photos: the photos that it was trained on would be too sure.
  public let calibration: Calibration?

  /// Photos of a class that are needed.
  public static let minimumShots = 2
  /// One photo in so many that are held out may be lost: with few photos the count varies by that much by chance, and on all
  /// measured photo sets training gained more than it lost (Documentation/adaptation.md).
  public static let toleratedPart = 12
  /// Parts of the photos, each held out once.
  public static let folds = 3

  public static let open = AdaptationGate(0, 1, 0, 0, 0, takesTrained: true)
  public static let closed = AdaptationGate(0, 0, 0, 0, 0, takesTrained: false)

  private init(_ frozen: Float, _ trained: Float, _ frozenRight: Int, _ trainedRight: Int, _ heldOut: Int, takesTrained: Bool, _ calibration: Calibration? = nil) {
    self.calibration = calibration
    (frozenLikelihood, trainedLikelihood, self.frozenRight, self.trainedRight) = (frozen, trained, frozenRight, trainedRight)
    self.heldOut = heldOut
    self.takesTrained = takesTrained
  }

  /// Trains once for each fold. Closed where a class has fewer than `minimumShots` photos.
  public init(_ adapter: TailAdapter, _ photos: [CachedPhoto], classCount: Int, seed: UInt64) {
    var position = [Int](repeating: 0, count: classCount)
    let fold = photos.map { photo in
      defer { position[photo.label] += 1 }
      return position[photo.label]
    }
    guard position.allSatisfy({ $0 >= AdaptationGate.minimumShots }) else {
      self = .closed
      return
    }
    let folds = min(AdaptationGate.folds, position.min() ?? 0)
    var (frozen, trained, labels): (HeldOutCosines, HeldOutCosines, [Int]) = (.init(classCount), .init(classCount), [])
    for part in 0..<folds {
      let kept = photos.indices.filter { fold[$0] % folds != part }.map { photos[$0] }
      let left = photos.indices.filter { fold[$0] % folds == part }.map { photos[$0] }
      adapter.restart()
      frozen.add(adapter, kept, left)
      adapter.train(kept, classCount: classCount, turned: adapter.plan.options.rotationWeight > 0 ? kept.map(\.first) : [], seed: seed)
      trained.add(adapter, kept, left)
      labels += left.map(\.label)
    }
    let (before, after) = (frozen.score(labels), trained.score(labels))
    self.init(
      before.likelihood, after.likelihood, before.right, after.right, labels.count,
      takesTrained: (before.right - after.right) * AdaptationGate.toleratedPart <= labels.count,
      Calibration(
        scale: after.scale, threshold: trained.threshold(labels.count), scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut,
        leftOutCount: labels.count, leftOutRight: after.right))
  }
}

/// Cosines of held-out photos to the prototypes of the others.
private struct HeldOutCosines {
  let classCount: Int
  var cosines: [Float] = []

  init(_ classCount: Int) { self.classCount = classCount }

  mutating func add(_ adapter: TailAdapter, _ support: [CachedPhoto], _ queries: [CachedPhoto]) {
    let prototypes = adapter.prototypes(support, classCount: classCount)
    let rows = adapter.embeddings(queries.map(\.first))
    NearestPrototype.eachRow(rows, prototypes, prototypes.count / classCount) { _, classifier, embedding in
      for label in 0..<classCount { cosines.append(embedding.dot(classifier.prototypes[label])) }
    }
  }

  /// Right answers, and the mean log-likelihood at the scale that is best for these photos.
  func score(_ labels: [Int]) -> (likelihood: Float, right: Int, scale: Float) {
    var (best, bestScale, right): (Float, Float, Int) = (-.infinity, 0, 0)
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
      if sum / Float(labels.count) > best { (best, bestScale) = (sum / Float(labels.count), scale) }
    }
    return (best, right, bestScale)
  }

  /// Keeps `Calibrator.keptPercent` of the held-out photos, by the cosine to the nearest prototype, right or wrong.
  func threshold(_ count: Int) -> Float {
    let best = (0..<count).map { cosines[$0 * classCount..<($0 + 1) * classCount].max() ?? -1 }.sorted()
    return best[count * (100 - Calibrator.keptPercent) / 100]
  }
}

enum NearestPrototype {
  static func rightCount(_ rows: [Float], _ labels: [Int], _ prototypes: [Float], dimension: Int) -> Int {
    var right = 0
    eachRow(rows, prototypes, dimension) { row, classifier, embedding in
      if classifier.nearest(to: embedding).label == labels[row] { right += 1 }
    }
    return right
  }

  static func eachRow(_ rows: [Float], _ prototypes: [Float], _ dimension: Int, _ body: (Int, CosineClassifier, Embedding) -> Void) {
    rows.withUnsafeBufferPointer { rows in
      prototypes.withUnsafeBufferPointer { prototypes in
        let classifier = CosineClassifier(
          prototypes: EmbeddingMatrix(prototypes.baseAddress!, count: prototypes.count / dimension, dimension: dimension), scale: 10, threshold: -1)
        let all = EmbeddingMatrix(rows.baseAddress!, count: rows.count / dimension, dimension: dimension)
        for row in 0..<all.count { body(row, classifier, all[row]) }
      }
    }
  }
}
