import TinyNN

/// What the classifier says of each row of a batch: probabilities [rows][classes], and the way back for gradients by them.
///
/// Memory: the probabilities | one row of slopes.
struct ClassProbabilities {
  private let batch: ObjectiveBatch
  private let values: Elements<Float>
  private let classes: Int
  let slopes: Elements<Float>

  static func memoryCount(_ shape: ObjectiveShape) -> Int { (shape.rowCount + 1) * shape.classCount }

  /// Also clears the batch's gradients.
  init(_ batch: ObjectiveBatch, memory: Elements<Float>) {
    self.batch = batch
    classes = batch.prototypes.count
    values = memory.slice(0, batch.rows.count * classes)
    slopes = memory.slice(batch.rows.count * classes, classes)
    let logits = PrototypeLogits(batch.prototypes)
    for row in 0..<batch.rows.count {
      batch.gradient(row).clear()
      if !logits.writeProbabilities(batch.embedding(row), to: self[row]) { self[row].clear() }
    }
  }

  subscript(row: Int) -> Elements<Float> { values.slice(row * classes, classes) }

  /// Whether the embedding is zeros, and has no probabilities.
  func isZero(_ row: Int) -> Bool { !(self[row][0] > 0) && batch.embedding(row).length == 0 }

  /// Writes a row's gradient from the loss's slopes by its probabilities, which stand in `slopes`.
  func writeGradient(_ row: Int) {
    slopes.throughSoftmax(self[row])
    writeGradientOfLogits(row)
  }

  /// The same from the slopes by its logits.
  func writeGradientOfLogits(_ row: Int) {
    let embedding = batch.embedding(row)
    PrototypeLogits(batch.prototypes).writeGradient(
      slopes, of: embedding, embedding.length, weight: batch.weight, to: batch.gradient(row))
  }

  /// `weight` times the cross-entropy of a row to `target`, which sums to 1; writes its gradient, the target being fixed.
  func crossEntropy(_ row: Int, to target: Elements<Float>, weight: Float) -> Float {
    let own = self[row]
    var sum: Float = 0
    for c in 0..<classes {
      sum = sum - weight * target[c] * ElementaryMath.log(max(own[c], .leastNormalMagnitude))
      slopes[c] = weight * (own[c] - target[c])
    }
    writeGradientOfLogits(row)
    return sum
  }

  /// The mean squared difference of a row's probabilities to `target`; writes `weight` times its gradient, the target being fixed.
  func squaredDifference(_ row: Int, to target: Elements<Float>, weight: Float) -> Float {
    let own = self[row]
    var sum: Float = 0
    for c in 0..<classes {
      let difference = own[c] - target[c]
      sum = sum + difference * difference / Float(classes)
      slopes[c] = 2 * weight * difference / Float(classes)
    }
    writeGradient(row)
    return sum
  }
}
