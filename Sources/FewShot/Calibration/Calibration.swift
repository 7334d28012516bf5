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

  /// The scale where nothing was learned: every class is about as likely as by chance.
  package static let chanceScale: Float = 0.001

  /// True where left-out examples are answered no better than by chance, or all embeddings are equal: what the head says means
  /// nothing.
  public var isChance: Bool { scale == Calibration.chanceScale }

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
