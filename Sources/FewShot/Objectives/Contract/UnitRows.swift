package import TinyNN

/// Rows of values at length 1, with the way back for their gradients. A row of zeros stays one and gets no gradient.
///
/// Memory: the rows [rows][dimension] | their lengths before [rows].
package struct UnitRows {
  package let count: Int
  package let dimension: Int
  private let rows: Elements<Float>
  private let lengths: Elements<Float>

  package static func memoryCount(rows: Int, dimension: Int) -> Int { rows * (dimension + 1) }

  /// Copies `values`, [count][dimension], to `memory` and scales each row to length 1.
  package init(_ values: Elements<Float>, count: Int, dimension: Int, memory: Elements<Float>) {
    self.count = count
    self.dimension = dimension
    rows = memory.slice(0, count * dimension)
    lengths = memory.slice(count * dimension, count)
    for row in 0..<count {
      let source = values.slice(row * dimension, dimension), target = self[row], length = source.length
      lengths[row] = length
      for i in 0..<dimension { target[i] = length > 0 ? source[i] / length : 0 }
    }
  }

  /// A batch's embeddings.
  package init(_ batch: ObjectiveBatch, memory: Elements<Float>) {
    self.init(batch.embeddings, count: batch.rows.count, dimension: batch.prototypes.dimension, memory: memory)
  }

  package subscript(row: Int) -> Elements<Float> { rows.slice(row * dimension, dimension) }

  package func isZero(_ row: Int) -> Bool { !(lengths[row] > 0) }

  package func cosine(_ a: Int, _ b: Int) -> Float { dot(a, self[b]) }

  package func dot(_ row: Int, _ other: Elements<Float>) -> Float {
    let own = self[row]
    var sum: Float = 0
    for i in 0..<dimension { sum = sum + own[i] * other[i] }
    return sum
  }

  /// Turns the gradients by the rows of length 1, [count][dimension], into `weight` times those by the rows as they were.
  package func turnBack(_ gradients: Elements<Float>, weight: Float) {
    for row in 0..<count {
      let gradient = gradients.slice(row * dimension, dimension), unit = self[row]
      guard lengths[row] > 0 else {
        gradient.clear()
        continue
      }
      // d L / d e = (d L / d u - (u . d L / d u) u) / |e|
      let along = dot(row, gradient), factor = weight / lengths[row]
      for i in 0..<dimension { gradient[i] = (gradient[i] - along * unit[i]) * factor }
    }
  }
}

extension Elements<Float> {
  /// Adds `factor` times `other`.
  package func add(_ other: Elements<Float>, times factor: Float) {
    for i in 0..<count { self[i] = self[i] + factor * other[i] }
  }
}
