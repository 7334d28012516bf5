import FewShot

/// The principal axes of a few centred rows, from the eigenvectors of their covariance or Gram matrix by Jacobi rotations (Golub,
/// Van Loan, "Matrix computations", 8.5), in a fixed order: the same rows give the same bits.
struct PrincipalAxes {
  /// Variances along the axes, in descending order.
  let variances: [Double]
  /// [axes][dimension], of length 1.
  let axes: [[Double]]
  /// The mean variance at right angles to them.
  let residual: Double

  /// `rows` are centred. Axes with hardly any variance are left out.
  init(of rows: [[Double]], dimension: Int, atMost limit: Int) {
    // The covariance and the Gram matrix have the same eigenvalues but zeros: the smaller one is less work.
    let isGram = rows.count < dimension
    let count = isGram ? rows.count : dimension
    var gram = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for row in 0..<count {
      for column in 0...row {
        var sum = 0.0
        if isGram {
          for index in 0..<dimension { sum += rows[row][index] * rows[column][index] }
        } else {
          for example in rows { sum += example[row] * example[column] }
        }
        gram[row][column] = sum / Double(rows.count)
        gram[column][row] = gram[row][column]
      }
    }
    var vectors = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for index in 0..<count { vectors[index][index] = 1 }
    let total: Double = (0..<count).reduce(0) { $0 + gram[$1][$1] }
    for _ in 0..<12 {
      var off = 0.0
      for p in 0..<count { for q in p + 1..<max(count, p + 1) { off += gram[p][q] * gram[p][q] } }
      if off <= 1e-18 * total * total { break }
      for p in 0..<count {
        for q in p + 1..<max(count, p + 1) where gram[p][q] != 0 { PrincipalAxes.rotate(&gram, &vectors, p, q) }
      }
    }
    // Rows of `vectors` are the eigenvectors.
    let eigenvalues: [Double] = (0..<count).map { gram[$0][$0] }
    let order = (0..<count).sorted { (a: Int, b: Int) in eigenvalues[a] == eigenvalues[b] ? a < b : eigenvalues[a] > eigenvalues[b]
    }
    var (variances, axes): ([Double], [[Double]]) = ([], [])
    for index in order.prefix(min(limit, dimension)) where gram[index][index] > 1e-6 * total {
      var axis = isGram ? [Double](repeating: 0, count: dimension) : vectors[index]
      if isGram {
        for (row, weight) in zip(rows, vectors[index]) { for column in 0..<dimension { axis[column] += weight * row[column] } }
      }
      let length = axis.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      axes.append(axis.map { $0 / length })
      variances.append(gram[index][index])
    }
    self.variances = variances
    self.axes = axes
    residual = dimension == axes.count ? 0 : max(0, total - variances.reduce(0, +)) / Double(dimension - axes.count)
  }

  private static func rotate(_ matrix: inout [[Double]], _ vectors: inout [[Double]], _ p: Int, _ q: Int) {
    let angle = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q])
    let tangent = (angle >= 0 ? 1 : -1) / (angle.magnitude + (angle * angle + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot(), sine = tangent * cosine
    for row in matrix.indices {
      let (a, b) = (matrix[row][p], matrix[row][q])
      matrix[row][p] = cosine * a - sine * b
      matrix[row][q] = sine * a + cosine * b
    }
    for column in matrix.indices {
      let (a, b) = (matrix[p][column], matrix[q][column])
      matrix[p][column] = cosine * a - sine * b
      matrix[q][column] = sine * a + cosine * b
      let (u, v) = (vectors[p][column], vectors[q][column])
      vectors[p][column] = cosine * u - sine * v
      vectors[q][column] = sine * u + cosine * v
    }
  }
}
