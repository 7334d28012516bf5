public import TinyNN

/// Cross-entropy of soft labels that the embeddings before training give photos without labels (noisy student, Xie et al. 2020, of
/// the same size): the prototypes' labels, propagated over a graph of near photos (`LabelPropagation`). A photo counts as much
/// as its largest probability.
public struct Distillation: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.unlabelled, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { 0.5 }
  /// Once, before the first step.
  public static var preparationInterval: Int { .max }

  /// Probabilities of the rows | what is propagated.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    ClassProbabilities.memoryCount(shape) + LabelPropagation(shape).memoryCount
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= Distillation.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private var propagated: Elements<Float> {
    memory.slice(ClassProbabilities.memoryCount(shape), LabelPropagation(shape).memoryCount)
  }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    LabelPropagation(shape).run(photos, prototypes, propagated)
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count, classes = batch.prototypes.count
    let labels = propagated
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) {
      let target = labels.slice(Int(batch.rows[row].photo) * classes, classes)
      var surest: Float = 0
      for c in 0..<classes { surest = max(surest, target[c]) }
      sum = sum + probabilities.crossEntropy(row, to: target, weight: surest / Float(count))
    }
    return sum
  }
}
