package import TinyNN

/// What a head says about one embedding.
public struct Prediction: Equatable, Sendable {
  /// The most likely class.
  public var label: Int
  /// The cosine of the embedding and that class's prototype.
  public var cosine: Float
  /// Compared with the threshold of `unknown`; the cosine, where the head has nothing better.
  public var score: Float
  /// The probability of `label` among the known classes.
  public var confidence: Float
  /// True if no known class is near enough.
  public var isUnknown: Bool
}

/// Classification by the cosine to one prototype for each class (Snell, Swersky, Zemel, "Prototypical networks for few-shot
/// learning", 2017, with cosines as in SimpleShot, Wang et al., 2019).
public struct CosineClassifier: Sendable {
  /// [classes][dimension], each of length 1.
  public let prototypes: EmbeddingMatrix
  public let scale: Float
  public let threshold: Float

  public init(prototypes: EmbeddingMatrix, scale: Float, threshold: Float) {
    self.prototypes = prototypes
    self.scale = scale
    self.threshold = threshold
  }

  /// Classifies an embedding of length 1 and writes the probability of each class to the first values of `confidences`.
  public func classify(_ embedding: Embedding, confidences: inout MutableSpan<Float>) -> Prediction {
    confidences.withElements { classify(embedding, confidences: $0) }
  }

  package func classify(_ embedding: Embedding, confidences: Elements<Float>) -> Prediction {
    writeCosines(of: embedding, to: confidences)
    var best = 0
    for label in 0..<prototypes.count where confidences[label] > confidences[best] { best = label }
    let cosine = confidences[best]
    confidences.softmax(scale: scale, prototypes.count)
    return Prediction(label: best, cosine: cosine, score: cosine, confidence: confidences[best], isUnknown: cosine < threshold)
  }

  package func writeCosines(of embedding: Embedding, to cosines: Elements<Float>) {
    for label in 0..<prototypes.count { cosines[label] = embedding.dot(prototypes[label]) }
  }

  /// The class with the largest cosine, the first of equals, and that cosine.
  public func nearest(to embedding: Embedding) -> (label: Int, cosine: Float) {
    var best = (label: 0, cosine: embedding.dot(prototypes[0]))
    for label in 1..<max(1, prototypes.count) {
      let cosine = embedding.dot(prototypes[label])
      if cosine > best.cosine { best = (label, cosine) }
    }
    return best
  }
}
