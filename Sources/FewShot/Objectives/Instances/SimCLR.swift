public import TinyNN

/// Views of the same photo are drawn together and those of different photos apart, by a projection (SimCLR, Chen et al. 2020). The
/// batches of a small device have few negatives, so this is weaker than on a cluster.
public struct SimCLR: Objective {
  static let outputCount = 32
  static let temperature: Float = 0.2

  public static func views(augmented: Int) -> ViewRecipe { .strong(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 2), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  public static func parameterCount(_ shape: ObjectiveShape) -> Int { projection(shape).head.parameterCount }
  /// The projection, rows at length 1, and a logit for each.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    projection(shape).memoryCount + UnitRows.memoryCount(rows: shape.rowCount, dimension: outputCount) + shape.rowCount
  }

  private static func projection(_ shape: ObjectiveShape) -> ProjectedRows { ProjectedRows(shape, outputCount: outputCount) }

  public let memory: Elements<Float>
  private let projection: ProjectedRows
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= SimCLR.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
    projection = SimCLR.projection(shape)
  }

  public func reset(random: inout CounterRandom) { projection.head.reset(memory, random: &random) }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let unitCount = UnitRows.memoryCount(rows: shape.rowCount, dimension: SimCLR.outputCount)
    projection.project(batch, memory)
    let gradients = projection.gradients(memory)
    let units = UnitRows(
      projection.outputs(memory), count: batch.rows.count, dimension: SimCLR.outputCount,
      memory: memory.slice(projection.memoryCount, unitCount))
    let loss = ContrastiveLoss(temperature: SimCLR.temperature).loss(
      units, batch.rows, key: { $0.photo }, gradients: gradients,
      logits: memory.slice(projection.memoryCount + unitCount, shape.rowCount))
    units.turnBack(gradients, weight: batch.weight)
    projection.turnBack(batch, memory)
    return loss
  }

  public func update(learningRate: Float, step: Int) { projection.head.update(memory, learningRate: learningRate, step: step) }
}
