import TinyNN

extension Translation {
  static let denseRules: [String: Rule] = [
    "Gemm": { (translation) throws(ONNXImportError) in [try translation.gemm()] },
    "MatMul": { (translation) throws(ONNXImportError) in [try translation.matrixProduct()] },
  ]

  /// alpha A' B' + beta C, where A' and B' are transposed or not.
  private func gemm() throws(ONNXImportError) -> Value {
    try node.requireInputs(2...3)
    let (alpha, beta) = (try node.float("alpha", default: 1), try node.float("beta", default: 1))
    var (a, b) = (try operand(0), try operand(1))
    guard a.shape.count == 2, b.shape.count == 2 else {
      throw node.error("inputs of shapes \(a.shape) and \(b.shape) are not matrices")
    }
    if try node.bool("transA", default: false) { a = try transposed(a, [1, 0]) }
    if try node.bool("transB", default: false) { b = try transposed(b, [1, 0]) }
    guard a.shape[1] == b.shape[0] else { throw node.error("a product of shapes \(a.shape) and \(b.shape)") }
    let columns = b.shape[1]

    let addend = optionalOperand(2)
    if var weights = b.constant {
      if alpha != 1 { weights = HostTensor(weights.shape, floats: weights.floats.map { alpha * $0 }) }
      if let addend, let bias = addend.constant, [[columns], [1, columns], [1], [1, 1], []].contains(bias.shape) {
        let scaled = HostTensor(bias.shape, floats: bias.floats.map { beta * $0 })
        return try dense(a, weights, bias: scaled.reshaped([bias.count]).broadcast(to: [columns]))
      }
      let product = try dense(a, weights, bias: nil)
      guard let addend else { return product }
      return try binary(.add, product, try scaled(addend, by: beta))
    }
    let product = try scaled(try matrixProduct(a, b), by: alpha)
    guard let addend else { return product }
    return try binary(.add, product, try scaled(addend, by: beta))
  }

  private func matrixProduct() throws(ONNXImportError) -> Value {
    try node.requireInputs(2...2)
    return try matrixProduct(try operand(0), try operand(1))
  }

  /// NumPy's matmul: a dense layer where one operand is a constant matrix.
  func matrixProduct(_ a: Value, _ b: Value) throws(ONNXImportError) -> Value {
    guard !a.shape.isEmpty, !b.shape.isEmpty else { throw node.error("a product with a scalar") }
    if let weights = b.constant, let matrix = asMatrix(weights) {
      let product = try dense(a, matrix, bias: nil)
      return b.shape.count == 1 ? try reshaped(product, Array(product.shape.dropLast())) : product
    }
    if let weights = a.constant, let matrix = asMatrix(weights), a.shape.count >= 2, b.shape.count >= 2 {
      // A B = (B' A')'
      var order = Array(b.shape.indices)
      order.swapAt(order.count - 1, order.count - 2)
      let product = try dense(try transposed(b, order), matrix.transposed([1, 0]), bias: nil)
      return try transposed(product, order)
    }
    // A vector is a row on the left, a column on the right, and its dimension vanishes from the result.
    let left = a.shape.count == 1 ? try reshaped(a, [1, a.shape[0]]) : a
    let right = b.shape.count == 1 ? try reshaped(b, [b.shape[0], 1]) : b
    let product = try emit(MatMul(), left, right)
    var shape = product.shape
    if b.shape.count == 1 { shape.removeLast() }
    if a.shape.count == 1 { shape.remove(at: shape.count - (b.shape.count == 1 ? 1 : 2)) }
    return try reshaped(product, shape)
  }

  /// A constant whose leading dimensions are 1, as [depth, columns]; a vector is one column.
  private func asMatrix(_ weights: HostTensor) -> HostTensor? {
    if weights.shape.count == 1 { return weights.reshaped([weights.count, 1]) }
    guard weights.shape.dropLast(2).allSatisfy({ $0 == 1 }) else { return nil }
    return weights.reshaped(Array(weights.shape.suffix(2)))
  }

  /// [..., depth] times [depth, columns].
  private func dense(_ input: Value, _ weights: HostTensor, bias: HostTensor?) throws(ONNXImportError) -> Value {
    let columns = weights.shape[1]
    let bias = bias ?? HostTensor([columns], floats: Array(repeating: 0, count: columns))
    return try emit(Dense(), input, .constant(weights.transposed([1, 0])), .constant(bias))
  }
}
