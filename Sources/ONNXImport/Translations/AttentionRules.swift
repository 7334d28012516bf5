import TinyNN

extension Translation {
  static let attentionRules: [String: Rule] = [
    "Attention": { (translation) throws(ONNXImportError) in [try translation.attention()] }
  ]

  /// softmax(scale Q K' + mask) V for every head (operator set 23), without a cache of past keys.
  private func attention() throws(ONNXImportError) -> Value {
    guard optionalOperand(4) == nil, optionalOperand(5) == nil, optionalOperand(6) == nil else {
      throw node.unsupported("a cache of past keys and values")
    }
    guard try node.int("qk_matmul_output_mode", default: 0) == 0 else { throw node.unsupported("the scores as an output") }
    let isPacked = try operand(0).shape.count == 3
    let heads = try node.int("q_num_heads"), keyHeads = try node.int("kv_num_heads")
    let q = try headed(0, heads)
    var k = try headed(1, keyHeads), v = try headed(2, keyHeads)
    let (count, rows, width) = (q.shape[1], q.shape[2], q.shape[3])
    guard (q.shape + k.shape + v.shape).allSatisfy({ $0 > 0 }), k.shape[3] == width, k.shape[2] == v.shape[2],
      k.shape[1] == v.shape[1], count % k.shape[1] == 0
    else {
      throw node.error("queries, keys and values of shapes \(q.shape), \(k.shape), \(v.shape)")
    }
    if k.shape[1] != count {
      // Neighbouring heads of the queries share one of the keys.
      let sources = (0..<count).map { $0 / (count / k.shape[1]) }
      (k, v) = (try gathered(k, 1, sources), try gathered(v, 1, sources))
    }
    let scale = try node.float("scale", default: 1 / Float(width).squareRoot())
    var scores = try scaled(try matrixProduct(q, try transposed(k, [0, 1, 3, 2])), by: scale)
    let cap = try node.float("softcap", default: 0)
    if cap > 0 { scores = try scaled(try activated(try scaled(scores, by: 1 / cap), Activation(.tanh)), by: cap) }
    if let hidden = try hiddenPositions(rows: rows, columns: k.shape[2]) { scores = try binary(.add, scores, .constant(hidden)) }
    if let mask = optionalOperand(3) {
      guard mask.shape.last == k.shape[2] else { throw node.unsupported("a mask of shape \(mask.shape) for \(k.shape[2]) keys") }
      scores = try binary(.add, scores, try addend(mask))
    }
    let result = try matrixProduct(try emit(Softmax(axis: 3), scores), v)
    guard isPacked else { return result }
    return try reshaped(try transposed(result, [0, 2, 1, 3]), [result.shape[0], rows, count * result.shape[3]])
  }

  /// An operand as [batch, heads, tokens, width], which it is or is packed from [batch, tokens, heads * width].
  private func headed(_ index: Int, _ heads: Int?) throws(ONNXImportError) -> Value {
    let x = try operand(index)
    if x.shape.count == 4 { return x }
    guard x.shape.count == 3, let heads, heads > 0, x.shape[2] % heads == 0 else {
      throw node.error("input \(index) of shape \(x.shape) does not divide into heads")
    }
    return try transposed(try reshaped(x, [x.shape[0], x.shape[1], heads, x.shape[2] / heads]), [0, 2, 1, 3])
  }

  /// Minus infinity where a query must not see a key: keys behind it, and outside of a window around it.
  private func hiddenPositions(rows: Int, columns: Int) throws(ONNXImportError) -> HostTensor? {
    let isCausal = try node.bool("is_causal", default: false)
    let (left, right) = (try node.int("left_window_size", default: -1), try node.int("right_window_size", default: -1))
    guard isCausal || left >= 0 || right >= 0 else { return nil }
    let floats = (0..<rows * columns).map { index -> Float in
      let (query, key) = (index / columns, index % columns)
      let isHidden = (isCausal && key > query) || (left >= 0 && query - key > left) || (right >= 0 && key - query > right)
      return isHidden ? -.infinity : 0
    }
    return HostTensor([rows, columns], floats: floats)
  }

  /// A mask of booleans as one of numbers to add.
  private func addend(_ mask: Value) throws(ONNXImportError) -> Value {
    if mask.kind == .real { return mask }
    guard let constant = mask.constant else {
      return try emit(Select(), mask, .constant(HostTensor([], floats: [0])), .constant(HostTensor([], floats: [-.infinity])))
    }
    return .constant(HostTensor(constant.shape, floats: constant.floats.map { $0 == 0 ? -.infinity : 0 }))
  }
}
