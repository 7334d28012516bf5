public import TinyNN

/// How a head decides. The raw value is the code in the file.
public enum HeadMethod: UInt32, Sendable {
  /// The class whose prototype, the mean of its examples, has the largest cosine.
  case prototype = 1
  /// The same on embeddings centred by the encoder's base mean.
  case centred = 2
  /// The same on the square roots of embeddings without negative values.
  case power = 3
  /// Linear discriminant analysis, its covariance shrunk toward the encoder's base covariance.
  case lda = 4
  /// Ridge regression.
  case ridge = 5
  /// Logistic regression.
  case logistic = 6
  /// The votes of the nearest examples.
  case knn = 7

  /// What the method sees, best first: the last one needs the least of an encoder's statistics.
  public var features: FeatureMap.Kind {
    switch self {
    case .prototype, .knn: .plain
    case .centred: .centred
    case .power: .power
    case .lda, .ridge, .logistic: .joint
    }
  }

  /// What the method sees where the encoder's statistics lack what `features` needs; nil where it makes no sense without.
  public var plainFeatures: FeatureMap.Kind? { self == .centred ? nil : features == .joint ? .plain : features }
}

/// Where a head's scale comes from.
public enum ScaleSource: UInt32, Sendable {
  /// Too few examples to tell.
  case preset = 0
  /// The largest likelihood of examples that were left out one at a time.
  case leaveOneOut = 1
  /// The table in the encoder's statistics.
  case encoder = 2
}

/// Which of its bounds a head's threshold is.
public enum ThresholdSource: UInt32, Sendable {
  /// Keeps examples that were left out one at a time.
  case leaveOneOut = 1
  /// Refuses background embeddings.
  case background = 2
  /// Refuses examples of other classes.
  case otherClasses = 3
}

/// What calibration found; stored with the head.
public struct Calibration: Equatable, Sendable {
  /// Inverse temperature: confidences are the softmax of `scale` times the cosines.
  public var scale: Float
  /// A score below it means `unknown`.
  public var threshold: Float
  public var scaleSource: ScaleSource
  public var thresholdSource: ThresholdSource
  /// Examples that could be left out: those of classes with at least two.
  public var leftOutCount: Int
  /// How many of them the others classify rightly.
  public var leftOutRight: Int
  /// Of ridge regression: its penalty over the mean of the Gram matrix's diagonal.
  public var penalty: Float = 0
  /// Of nearest neighbours: k.
  public var neighbours = 0

  package init(
    scale: Float, threshold: Float, scaleSource: ScaleSource, thresholdSource: ThresholdSource, leftOutCount: Int,
    leftOutRight: Int, penalty: Float = 0, neighbours: Int = 0
  ) {
    self.scale = scale
    self.threshold = threshold
    self.scaleSource = scaleSource
    self.thresholdSource = thresholdSource
    self.leftOutCount = leftOutCount
    self.leftOutRight = leftOutRight
    self.penalty = penalty
    self.neighbours = neighbours
  }

  /// The part of left-out examples that are classified rightly, or nil where every class has one example.
  public var leaveOneOutAccuracy: Double? { leftOutCount == 0 ? nil : Double(leftOutRight) / Double(leftOutCount) }
}

/// A checked view of a head section.
public struct HeadView: Sendable {
  public let method: HeadMethod
  /// True if the method was chosen for the photos, not named.
  public let isChosen: Bool
  /// Of every head: the nearest prototype of the embeddings.
  public let classifier: CosineClassifier
  public let calibration: Calibration
  /// Of nearest neighbours.
  private let nearest: NeighbourClassifier?
  /// Of heads other than these and prototypes.
  private let linear: LinearClassifier?
  private let features: FeatureMap?

  /// The head of a task file for its encoder and its classes.
  public init(_ model: Model, classes: ClassesView) throws(ModelError) {
    guard model.has(.head) else { throw ModelError(.sectionMissing, needed: Int(SectionKind.head.rawValue)) }
    let section = model.section(.head)
    let usesExamples = section.count >= 8 && section.word(4) == HeadMethod.knn.rawValue
    try self.init(
      section, at: model.offset(of: .head), classCount: classes.count, dimension: model.embeddingDimension,
      statistics: try StatisticsView.of(model), examples: usesExamples ? try ExamplesView(model, classes: classes).support : nil)
  }

  package init(
    _ bytes: ByteRegion, at offset: Int, classCount: Int, dimension: Int, statistics: StatisticsView?, examples: SupportSet?
  ) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    let header = SectionLayout.wideHeaderByteCount
    try check.requireHeader(header, versions: 1...2)
    guard let method = HeadMethod(rawValue: bytes.word(4)), (method == .prototype || bytes.word(0) == 2) else {
      throw check.refusal(at: 4, found: bytes.index(4) & 0x7FFF_FFFF)
    }
    self.method = method
    _ = try check.number(8, in: classCount...classCount)
    _ = try check.number(12, in: dimension...dimension)
    let scale = bytes.load(Float.self, at: 16), threshold = bytes.load(Float.self, at: 20)
    guard scale > 0, scale <= 65_536 else { throw check.refusal(at: 16) }
    guard threshold >= -65_536, threshold <= 65_536 else { throw check.refusal(at: 20) }
    guard let scaleSource = ScaleSource(rawValue: bytes.word(24)) else { throw check.refusal(at: 24) }
    guard let thresholdSource = ThresholdSource(rawValue: bytes.word(28)) else { throw check.refusal(at: 28) }
    let leftOut = try check.number(32, in: 0...TaskLimits.exampleCount)
    var calibration = Calibration(
      scale: scale, threshold: threshold, scaleSource: scaleSource, thresholdSource: thresholdSource,
      leftOutCount: leftOut, leftOutRight: try check.number(36, in: 0...leftOut))
    let prototypesEnd = header + (try check.rowBytes(classCount, dimension, 4))
    if bytes.word(0) == 1 {
      try check.requireZeros(40..<header)
      try check.requireByteCount(prototypesEnd)
      (isChosen, nearest, linear, features) = (false, nil, nil, nil)
    } else {
      isChosen = try check.number(48, in: 0...1) == 1
      if method == .knn { calibration.neighbours = try check.number(52, in: 1...NeighbourHead.limit) }
      try check.requireZeros((method == .knn ? 56 : 52)..<header)
      calibration.penalty = bytes.load(Float.self, at: 44)
      guard calibration.penalty >= 0, calibration.penalty <= 65_536 else { throw check.refusal(at: 44) }
      if method == .prototype || method == .knn {
        guard bytes.word(40) == FeatureMap.Kind.plain.rawValue else { throw check.refusal(at: 40) }
        try check.requireByteCount(prototypesEnd)
        (linear, features) = (nil, nil)
        nearest =
          method == .prototype
          ? nil
          : examples.map {
            NeighbourClassifier(examples: $0, count: calibration.neighbours, scale: scale, threshold: threshold)
          }
      } else {
        nearest = nil
        guard let kind = FeatureMap.Kind(rawValue: bytes.word(40)) else { throw check.refusal(at: 40) }
        guard let map = FeatureMap(kind, dimension: dimension, statistics: statistics) else {
          throw check.refusal(at: 40, found: Int(truncatingIfNeeded: kind.rawValue))
        }
        features = map
        linear = try HeadView.linear(check, header, prototypesEnd, classCount, map.count, method, calibration)
      }
    }
    self.calibration = calibration
    let prototypes = EmbeddingMatrix(bytes.slice(header, prototypesEnd - header), count: classCount, dimension: dimension)
    try check.requireNormalized(prototypes, at: header)
    classifier = CosineClassifier(prototypes: prototypes, scale: scale, threshold: threshold)
  }

  private static func linear(
    _ check: SectionCheck, _ header: Int, _ end: Int, _ classes: Int, _ width: Int, _ method: HeadMethod, _ calibration: Calibration
  ) throws(ModelError) -> LinearClassifier {
    let rows = try check.rowBytes(classes, width, 4)
    let weights = Format.aligned(end), biases = Format.aligned(weights + rows)
    let prototypes = biases + Format.aligned(4 * classes)
    guard check.bytes.count >= prototypes else { throw check.refusal(at: 0, found: check.bytes.count, needed: prototypes) }
    try check.requireByteCount(prototypes + rows)
    for index in 0..<classes * width where !check.bytes.load(Float.self, at: weights + 4 * index).isFinite {
      throw check.refusal(at: weights + 4 * index)
    }
    for index in 0..<classes where !check.bytes.load(Float.self, at: biases + 4 * index).isFinite {
      throw check.refusal(at: biases + 4 * index)
    }
    let matrix = EmbeddingMatrix(check.bytes.slice(prototypes, rows), count: classes, dimension: width)
    try check.requireNormalized(matrix, at: prototypes)
    return LinearClassifier(
      weights: EmbeddingMatrix(check.bytes.slice(weights, rows), count: classes, dimension: width),
      biases: EmbeddingMatrix(check.bytes.slice(biases, 4 * classes), count: 1, dimension: classes)[0], prototypes: matrix,
      addsClassScore: method == .ridge, scale: calibration.scale, threshold: calibration.threshold)
  }

  /// Values that `classify` needs of working memory.
  public var scratchCount: Int { nearest.map { 2 * $0.count } ?? features?.count ?? 0 }

  /// Classifies an embedding of length 1, and of `length` as the encoder gave it. The probability of each class goes to the first
  /// values of `confidences`; `scratch` has at least `scratchCount`.
  public func classify(
    _ embedding: Embedding, length: Float, confidences: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) -> Prediction {
    if let nearest {
      return scratch.withValues { scratch in
        var prediction = confidences.withValues { nearest.classify(embedding, $0, memory: scratch.slice(0, 2 * nearest.count)) }
        prediction.cosine = embedding.dot(classifier.prototypes[prediction.label])
        return prediction
      }
    }
    guard let linear, let features else { return classifier.classify(embedding, confidences: &confidences) }
    return scratch.withValues { scratch in
      let row = scratch.slice(0, features.count)
      features.write(embedding, length: length, into: row)
      var prediction = confidences.withValues { linear.classify(row.embedding, $0) }
      prediction.cosine = embedding.dot(classifier.prototypes[prediction.label])
      return prediction
    }
  }
}
