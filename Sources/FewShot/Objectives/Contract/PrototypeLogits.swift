package import TinyNN

/// What the classifier of the task says of an embedding: a scale times its cosines to the classes' prototypes.
package struct PrototypeLogits {
  /// What cosines are multiplied by.
  package static let scale: Float = 10

  private let prototypes: EmbeddingMatrix

  package init(_ prototypes: EmbeddingMatrix) { self.prototypes = prototypes }

  /// Writes the logits of an embedding of `length`, above 0.
  package func write(_ embedding: Elements<Float>, _ length: Float, to logits: Elements<Float>) {
    for c in 0..<prototypes.count { logits[c] = PrototypeLogits.scale * dot(embedding, prototypes[c]) / length }
  }

  /// Writes the probabilities of an embedding, the softmax of its logits. False, and nothing is written, where its length is 0.
  package func writeProbabilities(_ embedding: Elements<Float>, to values: Elements<Float>) -> Bool {
    let length = embedding.length
    guard length > 0 else { return false }
    write(embedding, length, to: values)
    values.softmax(scale: 1, prototypes.count)
    return true
  }

  /// Writes `weight` times the loss's gradient by the embedding, from its `slopes`, the gradient by the logits.
  package func writeGradient(
    _ slopes: Elements<Float>, of embedding: Elements<Float>, _ length: Float, weight: Float, to gradient: Elements<Float>
  ) {
    let dimension = prototypes.dimension
    gradient.clear()
    // d cos / d e = (p - cos u) / |e| with u = e / |e|.
    var along: Float = 0
    for c in 0..<prototypes.count {
      let slope = slopes[c] * PrototypeLogits.scale
      along = along + slope * (dot(embedding, prototypes[c]) / length)
      for i in 0..<dimension { gradient[i] = gradient[i] + slope * prototypes[c][i] }
    }
    let factor = weight / length
    for i in 0..<dimension { gradient[i] = (gradient[i] - along * (embedding[i] / length)) * factor }
  }

  private func dot(_ a: Elements<Float>, _ b: Embedding) -> Float {
    var sum: Float = 0
    for i in 0..<b.count { sum = sum + a[i] * b[i] }
    return sum
  }
}

extension Elements<Float> {
  /// Replaces the gradient by probabilities, which are a softmax, with the one by their logits.
  package func throughSoftmax(_ probabilities: Elements<Float>) {
    var mean: Float = 0
    for c in 0..<probabilities.count { mean = mean + probabilities[c] * self[c] }
    for c in 0..<probabilities.count { self[c] = probabilities[c] * (self[c] - mean) }
  }
}
