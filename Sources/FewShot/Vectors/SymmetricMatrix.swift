package import TinyNN

/// A symmetric positive definite matrix of few rows, [count][count], of which the lower triangle is read and changed.
package struct SymmetricMatrix {
  package let values: Elements<Float>
  package let count: Int

  package func element(_ row: Int, _ column: Int) -> Float { values[row * count + column] }

  private func row(_ row: Int, _ length: Int) -> Embedding { values.slice(row * count, length).embedding }

  /// Replaces the matrix by its Cholesky factor L, so that it was L times its transpose.
  package func factorize() {
    for row in 0..<count {
      for column in 0...row {
        let sum = element(row, column) - self.row(row, column).dot(self.row(column, column))
        if row == column {
          values[row * count + row] = max(sum, 1e-12).squareRoot()
        } else {
          values[row * count + column] = sum / element(column, column)
        }
      }
    }
  }

  /// After `factorize`: replaces L by its inverse.
  package func invertFactor() {
    for column in 0..<count {
      values[column * count + column] = 1 / element(column, column)
      for row in column + 1..<max(count, column + 1) {
        var sum: Float = 0
        for middle in column..<row { sum = sum + element(row, middle) * element(middle, column) }
        values[row * count + column] = -sum / element(row, row)
      }
    }
  }

  /// After `invertFactor`: the diagonal of the inverse of the matrix.
  package func inverseDiagonal(_ index: Int) -> Float {
    var sum: Float = 0
    for row in index..<count { sum = sum + element(row, index) * element(row, index) }
    return sum
  }

  /// After `invertFactor`: multiplies the columns of `rows`, [count][width], by the inverse of the matrix.
  package func solve(_ rows: Elements<Float>, width: Int) {
    var row = count - 1
    while row >= 0 {
      for column in 0..<width {
        var sum: Float = 0
        for middle in 0...row { sum = sum + element(row, middle) * rows[middle * width + column] }
        rows[row * width + column] = sum
      }
      row -= 1
    }
    for row in 0..<count {
      for column in 0..<width {
        var sum: Float = 0
        for middle in row..<count { sum = sum + element(middle, row) * rows[middle * width + column] }
        rows[row * width + column] = sum
      }
    }
  }
}
