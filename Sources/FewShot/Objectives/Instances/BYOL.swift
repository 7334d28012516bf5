public import TinyNN

/// A predictor says of one view what the average of the weights makes of another view of the photo (BYOL, Grill et al. 2020): no
/// negatives, so the batch may be small. The tail is the only second set of weights; the projection is left out.
///
///     L = mean over rows of  2 - 2 cos(predictor(u), average(other view))
public struct BYOL: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .strong(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 2), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.fading(phase) }
  public static var usesAverage: Bool { true }

  public static func parameterCount(_ shape: ObjectiveShape) -> Int { head(shape).parameterCount }
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { head(shape).memoryCount }

  private static func head(_ shape: ObjectiveShape) -> AuxiliaryHead {
    AuxiliaryHead(inputCount: shape.dimension, outputCount: shape.dimension)
  }

  public let memory: Elements<Float>
  private let head: AuxiliaryHead

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= BYOL.memoryCount(shape) else { return nil }
    self.memory = memory
    head = BYOL.head(shape)
  }

  public func reset(random: inout CounterRandom) { head.reset(memory, random: &random) }

  /// Rows 2 k and 2 k + 1 are views of one photo.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let count = batch.rows.count, dimension = batch.prototypes.dimension
    var sum: Float = 0
    for row in 0..<count {
      let embedding = batch.embedding(row), gradient = batch.gradient(row)
      gradient.clear()
      guard embedding.length > 0, let target = batch.average(row ^ 1) else { continue }
      let predicted = head.outputs(of: embedding, memory)
      let length = predicted.length, targetLength = target.length
      guard length > 0, targetLength > 0 else { continue }
      var product: Float = 0
      for i in 0..<dimension { product = product + predicted[i] * target[i] }
      let cosine = product / (length * targetLength)
      sum = sum + 2 - 2 * cosine
      let factor = -2 * batch.weight / (Float(count) * length)
      for i in 0..<dimension { predicted[i] = factor * (target[i] / targetLength - cosine * (predicted[i] / length)) }
      head.addGradients(of: embedding, memory, to: gradient)
    }
    return sum / Float(count)
  }

  public func update(learningRate: Float, step: Int) { head.update(memory, learningRate: learningRate, step: step) }
}
