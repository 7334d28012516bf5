public import TinyNN

/// Predicting in which order the quarters of a photo were put together again, out of 24 (Noroozi and Favaro 2016, on the re-tiled
/// photo as in Carlucci et al. 2019, so that one run of the network does).
public struct Jigsaw: Objective {
  static let permutations = View.permutationCount

  /// All permutations where there is room for eight views of a photo.
  public static func views(augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe.mild(count: min(permutations, max(2, 3 * augmented)))
    recipe.permutesQuarters = true
    return recipe
  }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  public static func memoryCount(_ shape: ObjectiveShape) -> Int { head(shape).memoryCount }
  public static func parameterCount(_ shape: ObjectiveShape) -> Int { head(shape).parameterCount }

  private static func head(_ shape: ObjectiveShape) -> AuxiliaryHead {
    AuxiliaryHead(inputCount: shape.dimension, outputCount: permutations)
  }

  private let head: AuxiliaryHead
  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    head = Jigsaw.head(shape)
    guard memory.count >= head.memoryCount else { return nil }
    self.memory = memory
  }

  public func reset(random: inout CounterRandom) { head.reset(memory, random: &random) }

  public func loss(_ batch: ObjectiveBatch) -> Float { head.crossEntropy(batch, memory) { Int($0.view) } }

  public func update(learningRate: Float, step: Int) { head.update(memory, learningRate: learningRate, step: step) }
}
