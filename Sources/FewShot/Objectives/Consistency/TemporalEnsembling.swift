public import TinyNN

/// A view is told as the photo's earlier views were on the average (temporal ensembling, Laine and Aila 2017):
///
///     L = mean squared difference to Z of the photo,   after the step  Z <- 0.6 Z + 0.4 p
///
/// Z begins with what is told of the photos before training, so that it needs no correction for its start.
public struct TemporalEnsembling: Objective {
  static let kept: Float = 0.6

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { 10 * AuxiliaryWeight.rising(phase) }
  /// Once, before the first step.
  public static var preparationInterval: Int { .max }

  /// Probabilities of the rows | Z [photos][classes] | the rows' photos and how many they are.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    ClassProbabilities.memoryCount(shape) + shape.photoCount * shape.classCount + shape.rowCount + 1
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= TemporalEnsembling.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private func ensemble(_ photo: Int) -> Elements<Float> {
    memory.slice(ClassProbabilities.memoryCount(shape) + photo * shape.classCount, shape.classCount)
  }
  private var drawn: Elements<Float> {
    memory.slice(ClassProbabilities.memoryCount(shape) + shape.photoCount * shape.classCount, shape.rowCount + 1)
  }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    for photo in 0..<photos.count {
      let target = ensemble(photo)
      for c in 0..<prototypes.count { target[c] = PrototypeLogits.scale * photos[photo].dot(prototypes[c]) }
      target.softmax(scale: 1, prototypes.count)
    }
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count, drawn = drawn
    drawn[shape.rowCount] = Float(count)
    var sum: Float = 0
    for row in 0..<count {
      let photo = Int(batch.rows[row].photo), isZero = probabilities.isZero(row)
      drawn[row] = isZero ? -1 : Float(photo)
      if isZero { continue }
      sum = sum + probabilities.squaredDifference(row, to: ensemble(photo), weight: 1 / Float(count))
    }
    return sum / Float(count)
  }

  /// What was told of the last batch enters the averages.
  public func update(learningRate: Float, step: Int) {
    let drawn = drawn
    for row in 0..<Int(drawn[shape.rowCount]) where drawn[row] >= 0 {
      let target = ensemble(Int(drawn[row])), told = memory.slice(row * shape.classCount, shape.classCount)
      for c in 0..<shape.classCount {
        target[c] = TemporalEnsembling.kept * target[c] + (1 - TemporalEnsembling.kept) * told[c]
      }
    }
    drawn[shape.rowCount] = 0
  }
}
