import TinyNN

extension Translation {
  static let activationRules: [String: Rule] = [
    "Relu": { (translation) throws(ONNXImportError) in [try translation.activation(.relu)] },
    "Clip": { (translation) throws(ONNXImportError) in
      let low = try translation.scalar(input: 1, orAttribute: "min", default: -.infinity)
      let high = try translation.scalar(input: 2, orAttribute: "max", default: .infinity)
      if low == -.infinity, high == .infinity { return [try translation.operand(0)] }
      return [try translation.activation(Activation(.clamp, low, high))]
    },
    "LeakyRelu": { (translation) throws(ONNXImportError) in
      [try translation.activation(Activation(.leakyReLU, try translation.node.float("alpha", default: 0.01)))]
    },
    "PRelu": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      var slope = try translation.operand(1)
      // Before operator set 7 a vector of slopes runs over the channels.
      if translation.node.opset < 7, slope.shape.count == 1, slope.count > 1 {
        slope = try translation.reshaped(slope, slope.shape + Array(repeating: 1, count: max(0, x.shape.count - 2)))
      }
      if let constant = slope.constant, constant.count == 1 {
        return [try translation.activated(x, Activation(.leakyReLU, constant.floats[0]))]
      }
      let negative = try translation.activated(x, Activation(.clamp, -.infinity, 0))
      let scaled = try translation.binary(.multiply, negative, slope)
      return [try translation.binary(.add, try translation.activated(x, .relu), scaled)]
    },
    "Sigmoid": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.sigmoid))] },
    "Tanh": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.tanh))] },
    "Exp": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.exp))] },
    "Sqrt": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.sqrt))] },
    "Erf": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.erf))] },
    "Gelu": { (translation) throws(ONNXImportError) in
      let form = try translation.node.string("approximate") ?? "none"
      guard form == "none" || form == "tanh" else { throw translation.node.unsupported("approximate \(form)") }
      return [try translation.activation(Activation(form == "tanh" ? .geluTanh : .gelu))]
    },
    "HardSigmoid": { (translation) throws(ONNXImportError) in
      let slope = try translation.node.float("alpha", default: 0.2)
      return [try translation.activation(Activation(.hardSigmoid, slope, try translation.node.float("beta", default: 0.5)))]
    },
    "HardSwish": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.hardSwish))] },
    "Swish": { (translation) throws(ONNXImportError) in
      let alpha = try translation.node.float("alpha", default: 1)
      if alpha == 1 { return [try translation.activation(Activation(.silu))] }
      let x = try translation.operand(0)
      return [
        try translation.binary(.multiply, x, try translation.activated(try translation.scaled(x, by: alpha), Activation(.sigmoid)))
      ]
    },
    "Elu": { (translation) throws(ONNXImportError) in
      [
        try translation.exponentialUnit(
          try translation.operand(0), alpha: try translation.node.float("alpha", default: 1), gamma: 1)
      ]
    },
    "Selu": { (translation) throws(ONNXImportError) in
      [
        try translation.exponentialUnit(
          try translation.operand(0), alpha: try translation.node.float("alpha", default: 1.6732632),
          gamma: try translation.node.float("gamma", default: 1.050701))
      ]
    },
    "Log": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.log))] },
    "Softplus": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.softplus))] },
    "Mish": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.mish))] },
    "Floor": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.floor))] },
    "Ceil": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.ceiling))] },
    "Round": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.round))] },
    "Sign": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.sign))] },
    "Sin": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.sine))] },
    "Cos": { (translation) throws(ONNXImportError) in [try translation.activation(Activation(.cosine))] },
    "Softsign": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let magnitude = try translation.binary(.maximum, x, try translation.scaled(x, by: -1))
      let divisor = try translation.binary(.add, magnitude, .constant(HostTensor([], floats: [1])))
      return [try translation.binary(.divide, x, divisor)]
    },
    "ThresholdedRelu": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let threshold = try translation.node.float("alpha", default: 1)
      let passes = try translation.binary(.less, .constant(HostTensor([], floats: [threshold])), x)
      return [try translation.emit(Select(), passes, x, .constant(HostTensor([], floats: [0])))]
    },
    "Celu": { (translation) throws(ONNXImportError) in
      let alpha = try translation.node.float("alpha", default: 1)
      let inner = try translation.scaled(try translation.operand(0), by: 1 / alpha)
      return [try translation.scaled(try translation.exponentialUnit(inner, alpha: 1, gamma: 1), by: alpha)]
    },
    "LogSoftmax": { (translation) throws(ONNXImportError) in
      [try translation.activated(try translation.softmax(), Activation(.log))]
    },
    "Softmax": { (translation) throws(ONNXImportError) in [try translation.softmax()] },
  ]

  private func activation(_ activation: Activation) throws(ONNXImportError) -> Value {
    try activated(try operand(0), activation)
  }

  /// gamma (max(x, 0) + alpha (exp(min(x, 0)) - 1))
  private func exponentialUnit(_ x: Value, alpha: Float, gamma: Float) throws(ONNXImportError) -> Value {
    let power = try activated(try activated(x, Activation(.clamp, -.infinity, 0)), Activation(.exp))
    let shifted = try binary(.add, power, .constant(HostTensor([], floats: [-1])))
    return try scaled(try binary(.add, try activated(x, .relu), try scaled(shifted, by: alpha)), by: gamma)
  }

  /// Before operator set 13, Softmax runs over all dimensions from `axis` on together.
  private func softmax() throws(ONNXImportError) -> Value {
    let x = try operand(0)
    let shape = x.shape
    let isJoint = node.opset < 13
    let axis = try normalizedAxis(try node.int("axis", default: isJoint ? 1 : -1), rank: shape.count, node)
    if !isJoint || shape[(axis + 1)...].allSatisfy({ $0 == 1 }) { return try emit(Softmax(axis: axis), x) }
    let matrix = try reshaped(x, [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)])
    return try reshaped(try emit(Softmax(axis: 1), matrix), shape)
  }
}
