public import TinyNN

/// Two views of a photo are told the same: the squared difference of their probabilities (the Pi-model of Laine and Aila 2017).
public struct PiModel: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .pairs(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { 10 * AuxiliaryWeight.rising(phase) }
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { ClassProbabilities.memoryCount(shape) }

  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= PiModel.memoryCount(shape) else { return nil }
    self.memory = memory
  }

  /// Rows 2 k and 2 k + 1 are views of one photo; gradients go through both.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) && !probabilities.isZero(row ^ 1) {
      // Each pair comes twice, with half of its loss and all of its gradient by one row.
      sum = sum + probabilities.squaredDifference(row, to: probabilities[row ^ 1], weight: 2 / Float(count))
    }
    return sum / Float(count)
  }
}
