public import TinyNN

/// Predicting by how many quarter turns a photo was rotated (Gidaris, Singh, Komodakis 2018), as auxiliary objective of few-shot
/// learning (Gidaris et al. 2019): an own head of two layers on the embedding, which trains along with the tail.
public struct Rotation: Objective {
  static let turns = 4

  public static func views(augmented: Int) -> ViewRecipe {
    var recipe = ViewRecipe.mild(count: turns)
    recipe.turns = true
    return recipe
  }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }

  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }

  public static func memoryCount(_ shape: ObjectiveShape) -> Int { head(shape).memoryCount }
  public static func parameterCount(_ shape: ObjectiveShape) -> Int { head(shape).parameterCount }

  private static func head(_ shape: ObjectiveShape) -> AuxiliaryHead {
    AuxiliaryHead(inputCount: shape.dimension, outputCount: turns)
  }

  private let head: AuxiliaryHead
  public let memory: Elements<Float>

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    head = Rotation.head(shape)
    guard memory.count >= head.memoryCount else { return nil }
    self.memory = memory
  }

  public func reset(random: inout CounterRandom) { head.reset(memory, random: &random) }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    head.crossEntropy(batch, memory) { Int($0.view) }
  }

  public func update(learningRate: Float, step: Int) { head.update(memory, learningRate: learningRate, step: step) }
}
