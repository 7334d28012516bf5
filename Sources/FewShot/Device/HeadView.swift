public import TinyNN

/// How a head decides. The raw value is the code in the file.
public enum HeadMethod: UInt32, Sendable {
  /// The class whose prototype, the mean of its examples, has the largest cosine.
  case prototype = 1
}

/// Where a head's scale comes from.
public enum ScaleSource: UInt32, Sendable {
  /// Too few examples to tell.
  case preset = 0
  /// The largest likelihood of examples that were left out one at a time.
  case leaveOneOut = 1
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
  /// A best cosine below it means `unknown`.
  public var threshold: Float
  public var scaleSource: ScaleSource
  public var thresholdSource: ThresholdSource
  /// Examples that could be left out: those of classes with at least two.
  public var leftOutCount: Int
  /// How many of them the others classify rightly.
  public var leftOutRight: Int

  /// The part of left-out examples that are classified rightly, or nil where every class has one example.
  public var leaveOneOutAccuracy: Double? { leftOutCount == 0 ? nil : Double(leftOutRight) / Double(leftOutCount) }
}

/// A checked view of a head section.
public struct HeadView: Sendable {
  public let method: HeadMethod
  public let classifier: CosineClassifier
  public let calibration: Calibration

  /// The head of a task file for its encoder and its classes.
  public init(_ model: Model, classes: ClassesView) throws(ModelError) {
    guard model.has(.head) else { throw ModelError(.sectionMissing, needed: Int(SectionKind.head.rawValue)) }
    try self.init(model.section(.head), at: model.offset(of: .head), classCount: classes.count, dimension: model.embeddingDimension)
  }

  init(_ bytes: ByteRegion, at offset: Int, classCount: Int, dimension: Int) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    let header = SectionLayout.wideHeaderByteCount
    try check.requireHeader(header)
    guard let method = HeadMethod(rawValue: bytes.word(4)) else { throw check.refusal(at: 4, found: bytes.index(4) & 0x7FFF_FFFF) }
    self.method = method
    _ = try check.number(8, in: classCount...classCount)
    _ = try check.number(12, in: dimension...dimension)
    let scale = bytes.load(Float.self, at: 16), threshold = bytes.load(Float.self, at: 20)
    guard scale > 0, scale <= 65_536 else { throw check.refusal(at: 16) }
    guard threshold >= -1, threshold <= 2 else { throw check.refusal(at: 20) }
    guard let scaleSource = ScaleSource(rawValue: bytes.word(24)) else { throw check.refusal(at: 24) }
    guard let thresholdSource = ThresholdSource(rawValue: bytes.word(28)) else { throw check.refusal(at: 28) }
    let leftOut = try check.number(32, in: 0...TaskLimits.exampleCount)
    calibration = Calibration(
      scale: scale, threshold: threshold, scaleSource: scaleSource, thresholdSource: thresholdSource,
      leftOutCount: leftOut, leftOutRight: try check.number(36, in: 0...leftOut))
    try check.requireZeros(40..<header)
    try check.requireByteCount(header + (try check.rowBytes(classCount, dimension, 4)))
    let prototypes = EmbeddingMatrix(bytes.slice(header, bytes.count - header), count: classCount, dimension: dimension)
    try check.requireNormalized(prototypes, at: header)
    classifier = CosineClassifier(prototypes: prototypes, scale: scale, threshold: threshold)
  }
}
