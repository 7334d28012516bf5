public import TinyNN

/// Supervised contrast: rows of the same class are drawn together, others apart (Khosla et al. 2020), on the embeddings that the
/// classifier compares, so without a head in between. Two views of each photo give every row a positive.
public struct SupCon: Objective {
  static let temperature: Float = 0.1

  public static func views(augmented: Int) -> ViewRecipe { .pairs(augmented) }
  public static var rows: RowRecipe { RowRecipe(.labelled, .one(in: 2), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { 0.5 }

  /// Rows at length 1, and a logit for each.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension) + shape.rowCount
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= SupCon.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let units = UnitRows(batch, memory: memory)
    let logits = memory.slice(UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension), shape.rowCount)
    let loss = ContrastiveLoss(temperature: SupCon.temperature).loss(
      units, batch.rows, key: { $0.label }, gradients: batch.gradients, logits: logits)
    units.turnBack(batch.gradients, weight: batch.weight)
    return loss
  }
}
