public import TinyNN

/// Cross-entropy of the softmax over `scale` times the cosine to fixed prototypes, the loss of the classifier that will be used
/// (cosine prototypes as in Gidaris and Komodakis 2018; here the prototypes are those of the encoder before training).
public struct PrototypeObjective: Sendable {
  /// [classes][dimension], each of length 1.
  public let prototypes: EmbeddingMatrix
  public let scale: Float

  public init(prototypes: EmbeddingMatrix, scale: Float = 10) {
    self.prototypes = prototypes
    self.scale = scale
  }

  /// Loss of one example; writes `weight` times its derivative by the embedding, which is as the encoder gave it.
  /// - Parameter logits: at least one value for each class; holds the probabilities afterwards.
  public func evaluate(
    _ embedding: Elements<Float>, label: Int, weight: Float, gradient: Elements<Float>, logits: Elements<Float>
  ) -> (loss: Float, isRight: Bool) {
    let dimension = prototypes.dimension, classes = prototypes.count
    let length = embedding.length
    guard length > 0 else {
      for i in 0..<dimension { gradient[i] = 0 }
      return (0, false)
    }
    var best = 0
    for c in 0..<classes {
      logits[c] = scale * dot(embedding, prototypes[c]) / length
      if logits[c] > logits[best] { best = c }
    }
    let loss = softmax(logits, count: classes, label: label)
    for i in 0..<dimension { gradient[i] = 0 }
    // d cos / d e = (p - cos u) / |e| with u = e / |e|.
    var along: Float = 0
    for c in 0..<classes {
      let slope = (logits[c] - (c == label ? 1 : 0)) * scale
      along = along + slope * (dot(embedding, prototypes[c]) / length)
      for i in 0..<dimension { gradient[i] = gradient[i] + slope * prototypes[c][i] }
    }
    let factor = weight / length
    for i in 0..<dimension { gradient[i] = (gradient[i] - along * (embedding[i] / length)) * factor }
    return (loss, best == label)
  }

  private func dot(_ a: Elements<Float>, _ b: Embedding) -> Float {
    var sum: Float = 0
    for i in 0..<b.count { sum = sum + a[i] * b[i] }
    return sum
  }
}

/// Turns logits into probabilities in place and returns the cross-entropy of `label`.
package func softmax(_ logits: Elements<Float>, count: Int, label: Int) -> Float {
  var largest = logits[0]
  for i in 1..<max(1, count) where logits[i] > largest { largest = logits[i] }
  let own = logits[label] - largest
  var total: Float = 0
  for i in 0..<count {
    logits[i] = ElementaryMath.exp(logits[i] - largest)
    total = total + logits[i]
  }
  for i in 0..<count { logits[i] = logits[i] / total }
  return ElementaryMath.log(total) - own
}

extension Elements where Element == Float {
  /// The Euclidean length.
  package var length: Float {
    var sum: Float = 0
    for i in 0..<count { sum = sum + self[i] * self[i] }
    return sum.squareRoot()
  }
}
