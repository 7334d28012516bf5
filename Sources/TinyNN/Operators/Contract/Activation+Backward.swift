extension Activation {
  /// The derivative at `x`, the value before the function.
  @inline(__always) func derivative(at x: Float) -> Float {
    switch function {
    case .none: return 1
    case .clamp: return x > a && x < b ? 1 : 0
    case .leakyReLU: return x < 0 ? a : 1
    case .sigmoid:
      let s = value(x)
      return s * (1 - s)
    case .silu:
      let s = 1 / (1 + exponential(-x))
      return s + x * (s * (1 - s))
    case .hardSigmoid:
      let y = a * x + b
      return y > 0 && y < 1 ? a : 0
    case .hardSwish:
      let gate = x * (1 / 6 as Float) + 0.5
      return gate <= 0 ? 0 : gate >= 1 ? 1 : gate + x * (1 / 6 as Float)
    case .tanh:
      let y = hyperbolicTangent(x)
      return 1 - y * y
    case .exp: return exponential(x)
    case .sqrt: return 0.5 / x.squareRoot()
    case .erf: return 1.1283791670955126 * exponential(-x * x)
    case .gelu: return 0.5 * (1 + errorFunction(x * 0.70710678118654752)) + x * (0.39894228040143268 * exponential(-0.5 * x * x))
    case .geluTanh:
      let u = 0.79788456080286536 * (x + 0.044715 * x * x * x)
      let s = 1 / (1 + exponential(-2 * u))
      return s + x * (s * (1 - s)) * (2 * 0.79788456080286536 * (1 + 3 * 0.044715 * x * x))
    case .log: return 1 / x
    case .softplus: return 1 / (1 + exponential(-x))
    case .mish:
      let y = hyperbolicTangent(softplus(x))
      return y + x * (1 - y * y) / (1 + exponential(-x))
    case .floor, .ceiling, .round, .sign: return 0
    case .sine: return cosine(x)
    case .cosine: return -sine(x)
    }
  }

  /// Turns the gradient behind a clamp into the gradient before it; the result of a clamp says where it passed.
  func maskGradient(_ gradient: Elements<Float>, output: Elements<Float>) {
    guard function == .clamp else { return }
    let (low, high) = (a, b)
    for i in 0..<gradient.count {
      // Without a branch, whose direction nobody could predict.
      let inside = (output[i] > low ? UInt32.max : 0) & (output[i] < high ? UInt32.max : 0)
      gradient[i] = Float(bitPattern: gradient[i].bitPattern & inside)
    }
  }

  /// Turns the gradient behind the function into the gradient before it, from the values before it.
  func multiplyGradient(_ gradient: Elements<Float>, input: Elements<Float>) {
    for i in 0..<gradient.count { gradient[i] = gradient[i] * derivative(at: input[i]) }
  }
}
