extension Binary {
  public var differentiation: Differentiation? {
    let isSum = function == .add || function == .subtract
    return Differentiation(inputs: isSum && activation.isClampOrNone ? .never : .always, output: activation.function == .clamp)
  }

  public func backward(_ context: borrowing BackwardContext) {
    let a = context.input(0), b = context.input(1), output = context.output(0)
    let gradient = context.outputGradient
    activation.maskGradient(gradient, output: output.floats)
    if !activation.isClampOrNone {
      eachRow(context.forward, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
        for i in 0..<count {
          gradient[start + i] =
            gradient[start + i] * activation.derivative(at: value(a.floats[startA + i * stepA], b.floats[startB + i * stepB]))
        }
      }
    }
    if let target = context.inputGradient(0) {
      eachRow(context.forward, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
        for i in 0..<count {
          let slope = slopes(a, startA + i * stepA, b, startB + i * stepB).a
          target[startA + i * stepA] = target[startA + i * stepA] + gradient[start + i] * slope
        }
      }
    }
    if let target = context.inputGradient(1) {
      eachRow(context.forward, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
        for i in 0..<count {
          let slope = slopes(a, startA + i * stepA, b, startB + i * stepB).b
          target[startB + i * stepB] = target[startB + i * stepB] + gradient[start + i] * slope
        }
      }
    }
  }

  @inline(__always) private func value(_ a: Float, _ b: Float) -> Float {
    switch function {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: b < a ? b : a
    case .maximum: b > a ? b : a
    case .power: power(a, b)
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    }
  }

  /// The derivatives by both operands. Sums do not read them: their memory may hold something else by now.
  @inline(__always) private func slopes(_ a: Tensor, _ i: Int, _ b: Tensor, _ j: Int) -> (a: Float, b: Float) {
    switch function {
    case .add: return (1, 1)
    case .subtract: return (1, -1)
    case .multiply: return (b.floats[j], a.floats[i])
    case .divide: return (1 / b.floats[j], -a.floats[i] / (b.floats[j] * b.floats[j]))
    case .minimum: return b.floats[j] < a.floats[i] ? (0, 1) : (1, 0)
    case .maximum: return b.floats[j] > a.floats[i] ? (0, 1) : (1, 0)
    case .power:
      let (x, y) = (a.floats[i], b.floats[j])
      return (y * power(x, y - 1), x > 0 ? power(x, y) * naturalLogarithm(x) : 0)
    case .less, .lessOrEqual, .equal: return (0, 0)
    }
  }
}
