public import TinyNN

/// Cross-entropy of the softmax over `scale` times the cosine to fixed prototypes, the loss of the classifier that will be used
/// (cosine prototypes as in Gidaris and Komodakis 2018; here the prototypes are those of the encoder before training).
public struct Prototype: Objective {
  /// What cosines are multiplied by.
  public static var scale: Float { PrototypeLogits.scale }

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.labelled, .rest, .shuffled) }
  public static var isAuxiliary: Bool { false }

  /// One logit for each class.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { shape.classCount }

  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= Prototype.memoryCount(shape) else { return nil }
    self.memory = memory
  }

  public func loss(_ batch: ObjectiveBatch) -> Float { labelLoss(batch, logits: memory, margin: 0) }
}

/// The mean cross-entropy of the labels, the cosine to the own prototype being smaller by `margin`; writes the gradients.
func labelLoss(_ batch: ObjectiveBatch, logits: Elements<Float>, margin: Float) -> Float {
  let weight = batch.weight / Float(batch.rows.count), prototypes = PrototypeLogits(batch.prototypes)
  var sum: Float = 0
  for row in 0..<batch.rows.count {
    let embedding = batch.embedding(row), gradient = batch.gradient(row), label = Int(batch.rows[row].label)
    let length = embedding.length
    gradient.clear()
    guard length > 0 else { continue }
    prototypes.write(embedding, length, to: logits)
    logits[label] = logits[label] - PrototypeLogits.scale * margin
    sum = sum + softmax(logits, count: batch.prototypes.count, label: label)
    logits[label] = logits[label] - 1
    prototypes.writeGradient(logits, of: embedding, length, weight: weight, to: gradient)
  }
  return sum / Float(batch.rows.count)
}
