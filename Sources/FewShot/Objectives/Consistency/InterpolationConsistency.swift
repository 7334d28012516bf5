public import TinyNN

/// A mixture of two photos is told as the mixture of what is told of them: MixUp of tensors at the cut with guessed labels, the
/// core of MixMatch (Berthelot et al. 2019) and of interpolation consistency (Verma et al. 2019).
///
///     L = mean squared difference of p(share a + (1 - share) b) to share q(a) + (1 - share) q(b)
///
/// q is the label where there is one, else the probabilities of the photo as it is, asked every 10 steps and sharpened (T = 0.5).
public struct InterpolationConsistency: Objective {
  static let sharpness: Float = 2

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe {
    var recipe = RowRecipe(.all, .one(in: 4), .independent)
    recipe.mixes = true
    return recipe
  }
  public static func weight(phase: Float) -> Float { 10 * AuxiliaryWeight.rising(phase) }
  public static var preparationInterval: Int { 10 }

  /// Probabilities of the rows | q of each photo [photos][classes] | one target.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    ClassProbabilities.memoryCount(shape) + (shape.photoCount + 1) * shape.classCount
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= InterpolationConsistency.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private func guessed(_ photo: Int) -> Elements<Float> {
    memory.slice(ClassProbabilities.memoryCount(shape) + photo * shape.classCount, shape.classCount)
  }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    for photo in 0..<photos.count {
      let target = guessed(photo)
      for c in 0..<prototypes.count { target[c] = PrototypeLogits.scale * photos[photo].dot(prototypes[c]) }
      // p^(1/T), scaled to a sum of 1, is the softmax of 1/T times the logits.
      target.softmax(scale: InterpolationConsistency.sharpness, prototypes.count)
    }
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count
    let target = guessed(shape.photoCount)
    var sum: Float = 0
    for index in 0..<count where !probabilities.isZero(index) {
      let row = batch.rows[index]
      target.clear()
      add(row.photo, row.label, times: row.share, to: target)
      if row.share < 1 { add(row.mate, row.mateLabel, times: 1 - row.share, to: target) }
      sum = sum + probabilities.squaredDifference(index, to: target, weight: 1 / Float(count))
    }
    return sum / Float(count)
  }

  private func add(_ photo: Int32, _ label: Int32, times share: Float, to target: Elements<Float>) {
    if label >= 0 {
      target[Int(label)] = target[Int(label)] + share
    } else {
      target.add(guessed(Int(photo)), times: share)
    }
  }
}
