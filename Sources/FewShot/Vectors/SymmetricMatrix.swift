package import TinyNN

/// A symmetric matrix of few rows, of which the lower triangle is kept, row after row; where it is factorized, it is positive
/// definite.
package struct SymmetricMatrix {
  package let values: Elements<Float>
  package let count: Int

  /// The first of `values`: `valueCount(count)` of them.
  package init(_ values: Elements<Float>, count: Int) {
    self.values = values.slice(0, SymmetricMatrix.valueCount(count))
    self.count = count
  }

  package static func valueCount(_ count: Int) -> Int { count * (count + 1) / 2 }

  /// An element of the lower triangle: `column` is at most `row`.
  package subscript(row: Int, column: Int) -> Float {
    @inline(__always) get { values[row * (row + 1) / 2 + column] }
    @inline(__always) nonmutating set { values[row * (row + 1) / 2 + column] = newValue }
  }

  /// An element of either triangle.
  package func element(_ row: Int, _ column: Int) -> Float { row >= column ? self[row, column] : self[column, row] }

  private func row(_ row: Int, _ length: Int) -> Embedding { values.slice(row * (row + 1) / 2, length).embedding }

  /// Replaces the matrix by its Cholesky factor L, so that it was L times its transpose.
  package func factorize() {
    for row in 0..<count {
      for column in 0...row {
        let sum = self[row, column] - self.row(row, column).dot(self.row(column, column))
        if row == column {
          self[row, row] = max(sum, 1e-12).squareRoot()
        } else {
          self[row, column] = sum / self[column, column]
        }
      }
    }
  }

  /// After `factorize`: multiplies `vector` by the inverse of L.
  package func solveLower(_ vector: Elements<Float>) {
    for row in 0..<count {
      vector[row] = (vector[row] - self.row(row, row).dot(vector.slice(0, row).embedding)) / self[row, row]
    }
  }

  /// After `factorize`: replaces L by its inverse.
  package func invertFactor() {
    for column in 0..<count {
      self[column, column] = 1 / self[column, column]
      for row in column + 1..<max(count, column + 1) {
        var sum: Float = 0
        for middle in column..<row { sum = sum + self[row, middle] * self[middle, column] }
        self[row, column] = -sum / self[row, row]
      }
    }
  }

  /// After `invertFactor`: the diagonal of the inverse of the matrix.
  package func inverseDiagonal(_ index: Int) -> Float {
    var sum: Float = 0
    for row in index..<count { sum = sum + self[row, index] * self[row, index] }
    return sum
  }

  /// After `invertFactor`: multiplies the columns of `rows`, [count][width], by the inverse of the matrix.
  package func solve(_ rows: Elements<Float>, width: Int) {
    var row = count - 1
    while row >= 0 {
      for column in 0..<width {
        var sum: Float = 0
        for middle in 0...row { sum = sum + self[row, middle] * rows[middle * width + column] }
        rows[row * width + column] = sum
      }
      row -= 1
    }
    for row in 0..<count {
      for column in 0..<width {
        var sum: Float = 0
        for middle in row..<count { sum = sum + self[middle, row] * rows[middle * width + column] }
        rows[row * width + column] = sum
      }
    }
  }
}
