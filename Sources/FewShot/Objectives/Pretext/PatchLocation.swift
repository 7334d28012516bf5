public import TinyNN

/// Predicting where one tile of a photo lies from another one (context prediction, Doersch et al. 2015; as auxiliary task of
/// few-shot learning, Gidaris et al. 2019): 3 x 3 tiles, each scaled up to the whole input, so 24 distances; a head of two layers
/// on both embeddings side by side.
public struct PatchLocation: Objective {
  static let side = 3
  static let distances = (2 * side - 1) * (2 * side - 1) - 1

  public static func views(augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe(count: side * side)
    recipe.tiles = side
    // Tiles do not touch: what goes on from one to the next would give their places away.
    recipe.leastSide = 0.8
    recipe.contrast = 0.25
    recipe.brightness = 0.075
    return recipe
  }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  /// The head's | rows at length 1 | a gradient for two rows side by side.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    head(shape).memoryCount + UnitRows.memoryCount(rows: shape.rowCount, dimension: shape.dimension) + 2 * shape.dimension
  }
  public static func parameterCount(_ shape: ObjectiveShape) -> Int { head(shape).parameterCount }

  private static func head(_ shape: ObjectiveShape) -> AuxiliaryHead {
    AuxiliaryHead(inputCount: 2 * shape.dimension, outputCount: distances)
  }

  private let head: AuxiliaryHead
  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    head = PatchLocation.head(shape)
    guard memory.count >= PatchLocation.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  public func reset(random: inout CounterRandom) { head.reset(memory, random: &random) }

  /// Rows 2 k and 2 k + 1 are tiles of one photo.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let dimension = shape.dimension, pairs = batch.rows.count / 2
    let unitCount = UnitRows.memoryCount(rows: shape.rowCount, dimension: dimension)
    let units = UnitRows(batch, memory: memory.slice(head.memoryCount, unitCount))
    let gradient = memory.slice(head.memoryCount + unitCount, 2 * dimension)
    batch.gradients.clear()
    var sum: Float = 0
    for pair in 0..<pairs where !units.isZero(2 * pair) && !units.isZero(2 * pair + 1) {
      // Both rows follow each other in memory.
      let both = memory.slice(head.memoryCount + 2 * pair * dimension, 2 * dimension)
      gradient.clear()
      sum =
        sum
        + head.crossEntropy(
          both, memory, target: PatchLocation.distance(batch.rows[2 * pair].view, batch.rows[2 * pair + 1].view),
          weight: batch.weight / Float(pairs), to: gradient)
      for i in 0..<dimension {
        batch.gradient(2 * pair)[i] = gradient[i]
        batch.gradient(2 * pair + 1)[i] = gradient[dimension + i]
      }
    }
    units.turnBack(batch.gradients, weight: 1)
    return sum / Float(pairs)
  }

  /// The number of the way from tile `a` to tile `b`, which differ.
  static func distance(_ a: Int32, _ b: Int32) -> Int {
    let size = Int32(side), down = b / size - a / size, right = b % size - a % size
    let number = Int((down + size - 1) * (2 * size - 1) + right + size - 1)
    return number > distances / 2 ? number - 1 : number
  }

  public func update(learningRate: Float, step: Int) { head.update(memory, learningRate: learningRate, step: step) }
}
