#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The target dimensions of ONNX Reshape: 0 copies the input's dimension (unless `allowZero`), one -1 takes the rest.
func reshapedDimensions(_ shape: [Int], _ target: [Int], allowZero: Bool, _ node: Node) throws(ONNXImportError) -> [Int] {
  var result = target
  for (axis, extent) in target.enumerated() where extent == 0 && !allowZero {
    guard axis < shape.count else { throw node.error("target \(target) copies dimension \(axis) of shape \(shape)") }
    result[axis] = shape[axis]
  }
  let count = shape.reduce(1, *)
  let free = result.indices.filter { result[$0] == -1 }
  var known = 1
  for extent in result where extent != -1 {
    let (product, overflow) = known.multipliedReportingOverflow(by: extent)
    guard extent >= 0, !overflow else { throw node.error("shape \(shape) cannot become \(target)") }
    known = product
  }
  if let axis = free.first {
    guard free.count == 1, known > 0, count % known == 0 else { throw node.error("shape \(shape) cannot become \(target)") }
    result[axis] = count / known
  } else if known != count {
    throw node.error("shape \(shape) cannot become \(target)")
  }
  return result
}

extension ConstantFolding {
  static let arithmeticRules: [String: Rule] = [
    "Add": binary({ $0 &+ $1 }, { $0 + $1 }),
    "Sub": binary({ $0 &- $1 }, { $0 - $1 }),
    "Mul": binary({ $0 &* $1 }, { $0 * $1 }),
    "Div": { (folding) throws(ONNXImportError) in
      if let divisors = try folding.input(1).integers, divisors.contains(0) { throw folding.node.error("division by zero") }
      return try folding.elementwise({ $0.dividedReportingOverflow(by: $1).partialValue }, { $0 / $1 })
    },
    "Mod": { (folding) throws(ONNXImportError) in
      if let divisors = try folding.input(1).integers, divisors.contains(0) { throw folding.node.error("division by zero") }
      let truncates = try folding.node.bool("fmod", default: false)
      return try folding.elementwise(
        { a, b in
          let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
          return truncates || remainder == 0 || (remainder < 0) == (b < 0) ? remainder : remainder &+ b
        },
        { $0.truncatingRemainder(dividingBy: $1) })
    },
    "Pow": binary({ integerPower($0, $1) }, { Float(pow(Double($0), Double($1))) }),
    "Min": variadic({ min($0, $1) }, { min($0, $1) }),
    "Max": variadic({ max($0, $1) }, { max($0, $1) }),
    "Sum": variadic({ $0 &+ $1 }, { $0 + $1 }),
    "Equal": comparison({ $0 == $1 }, { $0 == $1 }),
    "Greater": comparison({ $0 > $1 }, { $0 > $1 }),
    "GreaterOrEqual": comparison({ $0 >= $1 }, { $0 >= $1 }),
    "Less": comparison({ $0 < $1 }, { $0 < $1 }),
    "LessOrEqual": comparison({ $0 <= $1 }, { $0 <= $1 }),
    "And": binary({ $0 & $1 }, { _, _ in .nan }),
    "Or": binary({ $0 | $1 }, { _, _ in .nan }),
    "Not": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      guard let elements = operand.integers else { throw folding.node.error("input 0 holds floats, needs booleans") }
      return [HostTensor(operand.shape, integers: elements.map { $0 == 0 ? 1 : 0 })]
    },
    "Neg": unary({ 0 &- $0 }, { -$0 }),
    "Abs": unary({ $0 < 0 ? 0 &- $0 : $0 }, { abs($0) }),
    "Sign": unary({ $0.signum() }, { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 }),
    "Floor": unary({ $0 }, { $0.rounded(.down) }),
    "Ceil": unary({ $0 }, { $0.rounded(.up) }),
    "Round": unary({ $0 }, { $0.rounded(.toNearestOrEven) }),
    "Sqrt": unary(nil, { $0.squareRoot() }),
    "Exp": unary(nil, { Float(exp(Double($0))) }),
    "Log": unary(nil, { Float(log(Double($0))) }),
    "Sin": unary(nil, { Float(sin(Double($0))) }),
    "Cos": unary(nil, { Float(cos(Double($0))) }),
    "Erf": unary(nil, { Float(erf(Double($0))) }),
    "Xor": binary({ $0 ^ $1 }, { _, _ in .nan }),
    "Reciprocal": unary(nil, { 1 / $0 }),
    "Sigmoid": unary(nil, { Float(1 / (1 + exp(-Double($0)))) }),
    "Tanh": unary(nil, { Float(tanh(Double($0))) }),
    "Relu": unary({ max($0, 0) }, { max($0, 0) }),
    "Where": { (folding) throws(ONNXImportError) in
      let (condition, a, b) = (try folding.input(0), try folding.input(1), try folding.input(2))
      let shape = try folding.broadcastShape([condition.shape, a.shape, b.shape])
      guard let choices = condition.broadcast(to: shape).integers else {
        throw folding.node.error("input 0 holds floats, needs booleans")
      }
      let (left, right) = (a.broadcast(to: shape), b.broadcast(to: shape))
      if let x = left.integers, let y = right.integers {
        return [HostTensor(shape, integers: choices.indices.map { choices[$0] != 0 ? x[$0] : y[$0] })]
      }
      let (x, y) = (left.floats, right.floats)
      return [HostTensor(shape, floats: choices.indices.map { choices[$0] != 0 ? x[$0] : y[$0] })]
    },
    "Clip": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      if let elements = operand.integers {
        let low = folding.optionalInput(1)?.integers?.first ?? .min
        let high = folding.optionalInput(2)?.integers?.first ?? .max
        return [HostTensor(operand.shape, integers: elements.map { min(max($0, low), high) })]
      }
      let low = try folding.bound(input: 1, orAttribute: "min", default: -.infinity)
      let high = try folding.bound(input: 2, orAttribute: "max", default: .infinity)
      return [HostTensor(operand.shape, floats: operand.floats.map { min(max($0, low), high) })]
    },
  ]

  private func bound(input index: Int, orAttribute attribute: String, default value: Float) throws(ONNXImportError) -> Float {
    if let stated = optionalInput(index)?.floats.first { return stated }
    return try node.float(attribute, default: value)
  }

  private static func integerPower(_ base: Int64, _ exponent: Int64) -> Int64 {
    guard exponent >= 0 else { return base == 1 ? 1 : 0 }
    var (result, factor, rest): (Int64, Int64, Int64) = (1, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* factor }
      factor = factor &* factor
      rest >>= 1
    }
    return result
  }

  private static func unary(_ integer: (@Sendable (Int64) -> Int64)?, _ float: @escaping @Sendable (Float) -> Float) -> Rule {
    { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      switch operand.values {
      case .floats(let elements): return [HostTensor(operand.shape, floats: elements.map(float))]
      case .integers(let elements):
        guard let integer else { throw folding.node.error("input 0 holds integers, needs floats") }
        return [HostTensor(operand.shape, integers: elements.map(integer))]
      }
    }
  }

  private static func binary(
    _ integer: @escaping @Sendable (Int64, Int64) -> Int64, _ float: @escaping @Sendable (Float, Float) -> Float
  ) -> Rule {
    { (folding) throws(ONNXImportError) in try folding.elementwise(integer, float) }
  }

  private static func variadic(
    _ integer: @escaping @Sendable (Int64, Int64) -> Int64, _ float: @escaping @Sendable (Float, Float) -> Float
  ) -> Rule {
    { (folding) throws(ONNXImportError) in
      var result = try folding.input(0)
      for index in folding.inputs.indices.dropFirst() {
        result = try ConstantFolding(node: folding.node, inputs: [result, folding.input(index)]).elementwise(integer, float)[0]
      }
      return [result]
    }
  }

  private static func comparison(
    _ integer: @escaping @Sendable (Int64, Int64) -> Bool, _ float: @escaping @Sendable (Float, Float) -> Bool
  ) -> Rule {
    { (folding) throws(ONNXImportError) in
      let (a, b) = (try folding.input(0), try folding.input(1))
      let shape = try folding.broadcastShape([a.shape, b.shape])
      let (left, right) = (a.broadcast(to: shape), b.broadcast(to: shape))
      if let x = left.integers, let y = right.integers {
        return [HostTensor(shape, integers: zip(x, y).map { integer($0, $1) ? 1 : 0 })]
      }
      return [HostTensor(shape, integers: zip(left.floats, right.floats).map { float($0, $1) ? 1 : 0 })]
    }
  }

  private func elementwise(
    _ integer: (Int64, Int64) -> Int64, _ float: (Float, Float) -> Float
  ) throws(ONNXImportError) -> [HostTensor] {
    let (a, b) = (try input(0), try input(1))
    let shape = try broadcastShape([a.shape, b.shape])
    let (left, right) = (a.broadcast(to: shape), b.broadcast(to: shape))
    if let x = left.integers, let y = right.integers {
      return [HostTensor(shape, integers: zip(x, y).map(integer))]
    }
    return [HostTensor(shape, floats: zip(left.floats, right.floats).map(float))]
  }
}
