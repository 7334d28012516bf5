import TinyNN

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
    confidences.withValues { confidences in
      writeCosines(of: embedding, to: confidences)
      var best = 0
      for label in 0..<prototypes.count where confidences[label] > confidences[best] { best = label }
      let cosine = confidences[best]
      confidences.softmax(scale: scale, prototypes.count)
      return Prediction(label: best, cosine: cosine, score: cosine, confidence: confidences[best], isUnknown: cosine < threshold)
    }
  }

  package func writeCosines(of embedding: Embedding, to cosines: Values) {
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

/// Computes prototypes.
public enum PrototypeHead {
  /// Writes the prototype of each class, the mean of its examples scaled to length 1, to the first `classCount * dimension`
  /// values of `prototypes`. A class whose examples cancel out, or are zero, gets zeros.
  public static func learn(_ support: SupportSet, into prototypes: inout MutableSpan<Float>) {
    let dimension = support.dimension
    prototypes.withValues { prototypes in
      prototypes.slice(0, support.classCount * dimension).clear()
      // The sum has the direction of the mean.
      for index in 0..<support.count {
        prototypes.slice(support.label(index) * dimension, dimension).add(support.embeddings[index])
      }
      for label in 0..<support.classCount { _ = prototypes.slice(label * dimension, dimension).normalize() }
    }
  }

  /// The prototype that the class of example `left` has without it.
  package static func leaveOut(_ left: Int, of support: SupportSet, into prototype: Values) {
    let label = support.label(left)
    prototype.clear()
    for index in 0..<support.count where index != left && support.label(index) == label {
      prototype.add(support.embeddings[index])
    }
    _ = prototype.normalize()
  }
}
