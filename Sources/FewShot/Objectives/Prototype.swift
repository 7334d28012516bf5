public import TinyNN

/// Cross-entropy of the softmax over `scale` times the cosine to fixed prototypes, the loss of the classifier that will be used
/// (cosine prototypes as in Gidaris and Komodakis 2018; here the prototypes are those of the encoder before training).
public struct Prototype: Objective {
  /// What cosines are multiplied by.
  public static let scale: Float = 10

  public static func views(augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe.mild(count: 1 + augmented)
    recipe.beginsWithPhoto = true
    return recipe
  }
  public static var rows: RowRecipe { RowRecipe(.labelled, .rest, .shuffled) }
  public static var isAuxiliary: Bool { false }

  /// One logit for each class.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { shape.classCount }

  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= Prototype.memoryCount(shape) else { return nil }
    self.memory = memory
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let weight = batch.weight / Float(batch.rows.count)
    var sum: Float = 0
    for row in 0..<batch.rows.count {
      sum =
        sum
        + loss(
          batch.embedding(row), batch.prototypes, label: Int(batch.rows[row].label), weight: weight, gradient: batch.gradient(row))
    }
    return sum / Float(batch.rows.count)
  }

  private func loss(
    _ embedding: Elements<Float>, _ prototypes: EmbeddingMatrix, label: Int, weight: Float, gradient: Elements<Float>
  ) -> Float {
    let logits = memory, dimension = prototypes.dimension, classes = prototypes.count
    gradient.clear()
    let length = embedding.length
    guard length > 0 else { return 0 }
    for c in 0..<classes { logits[c] = Prototype.scale * dot(embedding, prototypes[c]) / length }
    let loss = softmax(logits, count: classes, label: label)
    // d cos / d e = (p - cos u) / |e| with u = e / |e|.
    var along: Float = 0
    for c in 0..<classes {
      let slope = (logits[c] - (c == label ? 1 : 0)) * Prototype.scale
      along = along + slope * (dot(embedding, prototypes[c]) / length)
      for i in 0..<dimension { gradient[i] = gradient[i] + slope * prototypes[c][i] }
    }
    let factor = weight / length
    for i in 0..<dimension { gradient[i] = (gradient[i] - along * (embedding[i] / length)) * factor }
    return loss
  }

  private func dot(_ a: Elements<Float>, _ b: Embedding) -> Float {
    var sum: Float = 0
    for i in 0..<b.count { sum = sum + a[i] * b[i] }
    return sum
  }
}
