package import TinyNN

/// What a head sees of an embedding: one or two blocks of `dimension` values, together of length 1.
public struct FeatureMap: Sendable {
  /// The raw value is the code in the file.
  public enum Kind: UInt32, Sendable {
    /// The embedding at length 1.
    case plain = 1
    /// Minus the encoder's base mean, then at length 1 (CL2N of SimpleShot, Wang et al., 2019).
    case centred = 2
    /// Square roots, then at length 1; for embeddings without negative values (Hu et al., "Leveraging the feature distribution",
    /// 2020).
    case power = 3
    /// The embedding at length 1 beside its deviation from the base mean, whitened by the base covariance and at length 1; both
    /// blocks weigh the same.
    case joint = 4

    package var needsMean: Bool { self == .centred || self == .joint }

    /// Values of a row of features, of an embedding of `dimension` values.
    package func count(_ dimension: Int) -> Int { self == .joint ? 2 * dimension : dimension }
  }

  /// How much of the base covariance is replaced by a multiple of the identity of equal trace before whitening.
  package static let shrinkage: Float = 0.7

  public let kind: Kind
  /// Values of an embedding.
  public let dimension: Int
  private let statistics: StatisticsView?

  /// Nil where the encoder's statistics lack what `kind` needs.
  public init?(_ kind: Kind, dimension: Int, statistics: StatisticsView?) {
    if kind.needsMean, statistics == nil { return nil }
    if kind == .joint, statistics!.axisCount == 0 { return nil }
    self.kind = kind
    self.dimension = dimension
    self.statistics = kind.needsMean ? statistics : nil
  }

  /// Values of a row of features.
  public var count: Int { kind.count(dimension) }

  /// Writes the features of an embedding of length 1, and of `length` as the encoder gave it, to the first `count` values.
  public func write(_ embedding: Embedding, length: Float, to features: inout MutableSpan<Float>) {
    features.withElements { write(embedding, length: length, into: $0.slice(0, count)) }
  }

  package func write(_ embedding: Embedding, length: Float, into features: Elements<Float>) {
    switch kind {
    case .plain: features.copy(embedding)
    case .centred:
      centre(embedding, length, into: features)
      _ = features.normalize()
    case .power:
      for index in 0..<dimension { features[index] = (max(0, embedding[index] * length) + 1e-6).squareRoot() }
      _ = features.normalize()
    case .joint:
      let half: Float = 0.70710678
      for index in 0..<dimension { features[index] = embedding[index] * half }
      let whitened = features.slice(dimension, dimension)
      centre(embedding, length, into: whitened)
      whiten(whitened)
      _ = whitened.normalize()
      for index in 0..<dimension { whitened[index] = whitened[index] * half }
    }
  }

  private func centre(_ embedding: Embedding, _ length: Float, into values: Elements<Float>) {
    guard let statistics else { return }
    for index in 0..<dimension { values[index] = embedding[index] * length - statistics.mean(index) }
  }

  /// Divides by the standard deviation along each axis of the base covariance, and by the remaining one elsewhere.
  private func whiten(_ values: Elements<Float>) {
    guard let statistics else { return }
    let share = FeatureMap.shrinkage * statistics.meanVariance, kept = 1 - FeatureMap.shrinkage
    let rest = 1 / max(Float.leastNormalMagnitude, kept * statistics.residualVariance + share).squareRoot()
    // The axes are orthogonal: taking one part out leaves the others.
    for axis in 0..<statistics.axisCount {
      let direction = statistics.axis(axis)
      let gain = 1 / max(Float.leastNormalMagnitude, kept * statistics.variance(axis) + share).squareRoot()
      let part = values.embedding.dot(direction) * (gain / rest - 1)
      for index in 0..<dimension { values[index] = values[index] + part * direction[index] }
    }
    for index in 0..<dimension { values[index] = values[index] * rest }
  }
}
