public import TinyNN

/// A view is told as the average of the weights tells another view of the photo (Mean Teacher, Tarvainen and Valpola 2017): squared
/// difference of probabilities, the teacher's being fixed.
public struct MeanTeacher: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .pairs(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent, viewsPerPhoto: 2) }
  public static func weight(phase: Float) -> Float { 10 * AuxiliaryWeight.rising(phase) }
  public static var usesAverage: Bool { true }

  /// Probabilities of the rows, and of one by the teacher.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { ClassProbabilities.memoryCount(shape) + shape.classCount }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= MeanTeacher.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  /// Rows 2 k and 2 k + 1 are views of one photo.
  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count
    let target = memory.slice(ClassProbabilities.memoryCount(shape), shape.classCount)
    let teacher = PrototypeLogits(batch.prototypes)
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) {
      guard let average = batch.average(row ^ 1), teacher.writeProbabilities(average, to: target) else { continue }
      sum = sum + probabilities.squaredDifference(row, to: target, weight: 1 / Float(count))
    }
    return sum / Float(count)
  }
}
