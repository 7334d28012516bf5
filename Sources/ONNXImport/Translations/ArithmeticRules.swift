import TinyNN

extension Translation {
  static let arithmeticRules: [String: Rule] = [
    "Add": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.add)] },
    "Sub": { (translation) throws(ONNXImportError) in
      let (a, b) = try translation.pair()
      guard let constant = b.constant else { return [try translation.binary(.subtract, a, b)] }
      // Addition of the negative is exact, and the compiler folds additions into the layer before.
      return [try translation.binary(.add, a, .constant(HostTensor(constant.shape, floats: constant.floats.map { -$0 })))]
    },
    "Mul": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.multiply)] },
    "Div": { (translation) throws(ONNXImportError) in
      let (a, b) = try translation.pair()
      guard a.kind == .real || a.constant != nil, b.kind == .real || b.constant != nil else {
        throw translation.node.unsupported("a division of integers; cast them to float first")
      }
      guard let constant = b.constant, constant.floats.allSatisfy({ $0.isNormal && (1 / $0).isNormal }) else {
        return [try translation.binary(.divide, a, b)]
      }
      return [try translation.binary(.multiply, a, .constant(HostTensor(constant.shape, floats: constant.floats.map { 1 / $0 })))]
    },
    "Min": { (translation) throws(ONNXImportError) in [try translation.accumulated(.minimum)] },
    "Max": { (translation) throws(ONNXImportError) in [try translation.accumulated(.maximum)] },
    "Sum": { (translation) throws(ONNXImportError) in [try translation.accumulated(.add)] },
    "Mean": { (translation) throws(ONNXImportError) in
      [try translation.scaled(try translation.accumulated(.add), by: 1 / Float(translation.operands.count))]
    },
    "Neg": { (translation) throws(ONNXImportError) in [try translation.scaled(try translation.operand(0), by: -1)] },
    "Abs": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      return [try translation.binary(.maximum, x, try translation.scaled(x, by: -1))]
    },
    "Reciprocal": { (translation) throws(ONNXImportError) in
      [try translation.binary(.divide, .constant(HostTensor([], floats: [1])), try translation.operand(0))]
    },
    "Pow": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let exponent = try translation.operand(1)
      switch exponent.count == 1 ? exponent.constant?.floats[0] : nil {
      case 0.5: return [try translation.activated(x, Activation(.sqrt))]
      case 1: return [x]
      case 2: return [try translation.binary(.multiply, x, x)]
      case 3: return [try translation.binary(.multiply, try translation.binary(.multiply, x, x), x)]
      default: return [try translation.arithmetic(.power)]
      }
    },
    "Less": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.less)] },
    "LessOrEqual": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.lessOrEqual)] },
    "Equal": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.equal)] },
    "Greater": { (translation) throws(ONNXImportError) in
      let (a, b) = try translation.pair()
      return [try translation.binary(.less, b, a)]
    },
    "GreaterOrEqual": { (translation) throws(ONNXImportError) in
      let (a, b) = try translation.pair()
      return [try translation.binary(.lessOrEqual, b, a)]
    },
    // Booleans are 0 and 1.
    "Not": { (translation) throws(ONNXImportError) in
      [try translation.negated(try translation.operand(0))]
    },
    "And": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.minimum)] },
    "Or": { (translation) throws(ONNXImportError) in [try translation.arithmetic(.maximum)] },
    "Xor": { (translation) throws(ONNXImportError) in [try translation.negated(try translation.arithmetic(.equal))] },
    "Where": { (translation) throws(ONNXImportError) in
      try translation.node.requireInputs(3...3)
      let (condition, a, b) = (try translation.operand(0), try translation.operand(1), try translation.operand(2))
      if let constant = condition.constant?.floats, let values = broadcastShape(a.shape, b.shape),
        let shape = broadcastShape(condition.shape, values)
      {
        if constant.allSatisfy({ $0 != 0 }) { return [try translation.expanded(a, to: shape)] }
        if constant.allSatisfy({ $0 == 0 }) { return [try translation.expanded(b, to: shape)] }
      }
      return [try translation.emit(Select(), condition, a, b)]
    },
    "Expand": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      guard let target = try translation.integers(input: 1, orAttribute: nil), let shape = broadcastShape(x.shape, target) else {
        throw translation.node.error("shape \(x.shape) cannot be expanded")
      }
      return [try translation.expanded(x, to: shape)]
    },
  ]

  private func pair() throws(ONNXImportError) -> (Value, Value) {
    try node.requireInputs(2...2)
    return (try operand(0), try legacyBroadcast(try operand(1), to: try operand(0)))
  }

  private func arithmetic(_ function: Binary.Function) throws(ONNXImportError) -> Value {
    let (a, b) = try pair()
    return try binary(function, a, b)
  }

  private func accumulated(_ function: Binary.Function) throws(ONNXImportError) -> Value {
    var result = try operand(0)
    for index in operands.indices.dropFirst() { result = try binary(function, result, try operand(index)) }
    return result
  }

  /// Before operator set 7, `axis` says where the dimensions of the second operand stand among those of the first.
  private func legacyBroadcast(_ b: Value, to a: Value) throws(ONNXImportError) -> Value {
    guard node.opset < 7, let axis = try node.int("axis") else { return b }
    let first = try normalizedAxis(axis, rank: a.shape.count, node)
    let trailing = a.shape.count - first - b.shape.count
    guard trailing >= 0 else { throw node.error("shape \(b.shape) at axis \(axis) of shape \(a.shape)") }
    return try reshaped(b, b.shape + Array(repeating: 1, count: trailing))
  }
}
