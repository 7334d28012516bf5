public import TinyNN

/// Each photo without a label is told surely, and the batch on the whole as several classes: entropy minimisation (Grandvalet and
/// Bengio 2005) with the entropy of the mean, without which one class takes all (the mutual information of Boudiaf et al. 2020).
///
///     L = mean H(p) - H(mean p) + log(classes)
///
/// The entropy of the mean presses towards equal classes. In a pool of unequal ones that is wrong.
public struct EntropyMinimisation: Objective {
  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.unlabelled, .one(in: 2), .independent) }
  public static func weight(phase: Float) -> Float { 0.5 * AuxiliaryWeight.rising(phase) }

  /// Probabilities of the rows, and their mean.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int { ClassProbabilities.memoryCount(shape) + shape.classCount }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= EntropyMinimisation.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), classes = batch.prototypes.count
    let mean = memory.slice(ClassProbabilities.memoryCount(shape), classes)
    mean.clear()
    var count: Float = 0
    for row in 0..<batch.rows.count where !probabilities.isZero(row) {
      count = count + 1
      mean.add(probabilities[row], times: 1)
    }
    guard count > 0 else { return 0 }
    var sum = ElementaryMath.log(Float(classes))
    for c in 0..<classes {
      mean[c] = mean[c] / count
      sum = sum + mean[c] * logarithm(mean[c])
    }
    for row in 0..<batch.rows.count where !probabilities.isZero(row) {
      let own = probabilities[row]
      for c in 0..<classes {
        sum = sum - own[c] * logarithm(own[c]) / count
        probabilities.slopes[c] = (logarithm(mean[c]) - logarithm(own[c])) / count
      }
      probabilities.writeGradient(row)
    }
    return sum
  }

  private func logarithm(_ value: Float) -> Float { ElementaryMath.log(max(value, .leastNormalMagnitude)) }
}
