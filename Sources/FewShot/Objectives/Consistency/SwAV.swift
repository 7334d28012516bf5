public import TinyNN

/// A view is told as the code of its photo: all photos are given to the classes at once so that each class gets its part (SwAV,
/// Caron et al. 2020; Asano et al. 2020, by the algorithm of Sinkhorn and Knopp). The parts are half way between equal ones and the
/// mean of what is told of the photos, as nothing is known of how often classes are. The classes' prototypes, which stay, are in
/// place of learned ones.
///
///     L = mean over rows of  - sum over classes of q log p,   q(photo, class) ~ exp(20 cos) a(photo) b(class)
public struct SwAV: Objective {
  static let rounds = 3

  public static func views(augmented: Int) -> ViewRecipe { .photoAndMild(augmented) }
  public static var rows: RowRecipe { RowRecipe(.all, .one(in: 4), .independent) }
  public static func weight(phase: Float) -> Float { 0.5 * AuxiliaryWeight.rising(phase) }
  public static var preparationInterval: Int { 10 }

  /// Probabilities of the rows | codes [photos][classes] | the part of each class | a factor for each.
  public static func memoryCount(_ shape: ObjectiveShape) -> Int {
    ClassProbabilities.memoryCount(shape) + (shape.photoCount + 2) * shape.classCount
  }

  public let memory: Elements<Float>
  private let shape: ObjectiveShape

  public init?(_ shape: ObjectiveShape, memory: Elements<Float>) {
    guard memory.count >= SwAV.memoryCount(shape) else { return nil }
    self.memory = memory
    self.shape = shape
  }

  private func classes(_ index: Int) -> Elements<Float> {
    memory.slice(ClassProbabilities.memoryCount(shape) + index * shape.classCount, shape.classCount)
  }
  private func code(_ photo: Int) -> Elements<Float> { classes(photo) }

  public func prepare(_ photos: EmbeddingMatrix, prototypes: EmbeddingMatrix) {
    let count = photos.count, parts = classes(shape.photoCount), factors = classes(shape.photoCount + 1)
    parts.clear()
    for photo in 0..<count {
      let code = code(photo)
      for c in 0..<prototypes.count { code[c] = PrototypeLogits.scale * photos[photo].dot(prototypes[c]) }
      code.softmax(scale: 1, prototypes.count)
      parts.add(code, times: 0.5 / Float(count))
      // exp(20 cos), the paper's temperature 0.05, is the square of the classifier's exp(10 cos), its 0.1.
      code.multiply(by: code)
    }
    for c in 0..<parts.count { parts[c] = parts[c] + 0.5 / Float(parts.count) }
    for _ in 0..<SwAV.rounds {
      factors.clear()
      for photo in 0..<count { factors.add(code(photo), times: 1 / Float(count)) }
      for c in 0..<parts.count { factors[c] = parts[c] / max(factors[c], 1e-9) }
      for photo in 0..<count { code(photo).multiply(by: factors) }
    }
  }

  public func loss(_ batch: ObjectiveBatch) -> Float {
    let probabilities = ClassProbabilities(batch, memory: memory), count = batch.rows.count
    var sum: Float = 0
    for row in 0..<count where !probabilities.isZero(row) {
      sum = sum + probabilities.crossEntropy(row, to: code(Int(batch.rows[row].photo)), weight: 1 / Float(count))
    }
    return sum
  }
}

extension Elements<Float> {
  /// Multiplies probabilities by factors, and scales them to the sum 1.
  fileprivate func multiply(by factors: Elements<Float>) {
    var total: Float = 0
    for c in 0..<count {
      self[c] = self[c] * factors[c]
      total = total + self[c]
    }
    for c in 0..<count { self[c] = self[c] / total }
  }
}
