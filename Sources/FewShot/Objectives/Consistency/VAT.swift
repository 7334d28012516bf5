public import TinyNN

/// A photo is told the same where its tensor at the cut is pushed the way that changes the answer most (virtual adversarial
/// training, Miyato et al. 2018, whose push is of pixels): one step of the power iteration finds that way, from the gradient of
/// this loss a little beside the tensor. The answer without the push is fixed.
///
///     L = mean KL(p(h) || p(h + r)),   |r| = 0.1 |h|
public struct VAT: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { AuxiliaryWeight.rising(phase) }
  public static var perturbation: CutPerturbation? { CutPerturbation(probe: 0.01, radius: 0.1) }

  /// Probabilities of the rows, and of one without its push.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { ClassProbabilities.memoryCount(shape) + shape.classCount }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= VAT.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count
    let target = memory.slice(ClassProbabilities.memoryCount(shape), shape.classCount)
    let logits = PrototypeLogits(batch.prototypes)
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) {
      guard let unperturbed = batch.unperturbed(row), logits.writeProbabilities(unperturbed, to: target) else { continue }
      sum = sum + probabilities.crossEntropy(row, to: target, weight: 1 / Float(count))
      for c in 0..<target.count {
        sum = sum + target[c] * ElementaryMath.log(max(target[c], .leastNormalMagnitude)) / Float(count)
      }
    }
    // Rounding may leave equal ones a little below 0.
    return max(0, sum)
  }
}
