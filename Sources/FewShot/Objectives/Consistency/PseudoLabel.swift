public import TinyNN

/// Cross-entropy of what the network itself says of photos without labels, where it is sure (Lee 2013, with the confidence
/// threshold of FixMatch, Sohn et al. 2020): labels are asked of the photos as they are every 20 steps and learned from mild views.
public struct PseudoLabel: Objective {
  /// A label counts from this probability on.
  static let threshold: Float = 0.8

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.unlabelled, .one(in: 4), .independent) }
  /// Nothing in the first tenth of the steps, all from half of them on.
  public static func weight(phase: Float) -> Float { min(1, max(0, (phase - 0.1) / 0.4)) }
  public static var preparationInterval: Int { 20 }

  /// Probabilities of the rows | the label of each photo, or -1.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { ClassProbabilities.memoryCount(shape) + shape.photoCount }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= PseudoLabel.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private var labels: Elements<Float> { memory.slice(ClassProbabilities.memoryCount(shape), shape.photoCount) }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    let labels = labels, told = memory.slice(0, prototypes.count)
    for photo in 0..<photos.count {
      for c in 0..<prototypes.count { told[c] = PrototypeLogits.scale * photos[photo].dot(prototypes[c]) }
      told.softmax(scale: 1, prototypes.count)
      labels[photo] = -1
      for c in 0..<prototypes.count where told[c] >= PseudoLabel.threshold { labels[photo] = Float(c) }
    }
  }

  /// The mean over all rows: one without a label counts 0.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), labels = labels, count = batch.rows.count
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) && labels[Int(batch.rows[row].photo)] >= 0 {
      let label = Int(labels[Int(batch.rows[row].photo)]), told = probabilities[row]
      sum = sum - ElementaryMath.log(max(told[label], .leastNormalMagnitude))
      for c in 0..<batch.prototypes.count { probabilities.slopes[c] = (told[c] - (c == label ? 1 : 0)) / Float(count) }
      probabilities.writeGradientOfLogits(row)
    }
    return sum / Float(count)
  }
}
