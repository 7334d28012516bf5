import CTinyNN

/// An elementwise function, on its own (`Activate`) or taken into the operator before it.
public struct Activation: Equatable, Sendable {
  public enum Function: UInt32, Sendable {
    case none = 0
    /// min(max(x, a), b): ReLU (0, infinity), ReLU6 (0, 6), ONNX Clip.
    case clamp
    /// x where x >= 0, else a x.
    case leakyReLU
    /// 1 / (1 + exp(-x)).
    case sigmoid
    /// x sigmoid(x), also called swish.
    case silu
    /// min(max(a x + b, 0), 1).
    case hardSigmoid
    /// x min(max(x / 6 + 1 / 2, 0), 1).
    case hardSwish
    case tanh
    case exp
    case sqrt
    /// The error function.
    case erf
    /// x (1 + erf(x / sqrt(2))) / 2.
    case gelu
    /// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
    case geluTanh
    /// The natural logarithm.
    case log
    /// log(1 + exp(x)).
    case softplus
    /// x tanh(log(1 + exp(x))).
    case mish
    case floor
    case ceiling
    /// To the nearest integer, ties to even.
    case round
    /// -1, 0 or 1.
    case sign
    case sine
    case cosine
  }

  public var function: Function
  public var a: Float
  public var b: Float

  public init(_ function: Function, _ a: Float = 0, _ b: Float = 0) {
    self.function = function
    self.a = a
    self.b = b
  }

  public static let none = Activation(.none)
  public static let relu = Activation(.clamp, 0, .infinity)
  public static let relu6 = Activation(.clamp, 0, 6)

  /// The bounds for kernels that clamp by themselves; no bounds unless the function is a clamp.
  var minimum: Float { function == .clamp ? a : -.infinity }
  var maximum: Float { function == .clamp ? b : .infinity }
  var isClampOrNone: Bool { function == .none || function == .clamp }

  /// Bytes of its attributes: the function's code, then `a` and `b`.
  static let encodedByteCount = 12

  init(decoding reader: inout AttributeReader) throws(ModelError) {
    let code = try reader.word()
    guard let function = Function(rawValue: code) else { throw ModelError(.attributeOutOfRange, found: Int(code)) }
    self.init(function, try reader.float(), try reader.float())
  }

  func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(function.rawValue)
    sink.append(a)
    sink.append(b)
  }

  /// The function of one element.
  @inline(__always) func value(_ x: Float) -> Float {
    switch function {
    case .none: x
    case .clamp: clamped(x, a, b)
    case .leakyReLU: x < 0 ? a * x : x
    case .sigmoid: 1 / (1 + exponential(-x))
    case .silu: x / (1 + exponential(-x))
    case .hardSigmoid: clamped(a * x + b, 0, 1)
    case .hardSwish: x * clamped(x * (1 / 6 as Float) + 0.5, 0, 1)
    case .tanh: hyperbolicTangent(x)
    case .exp: exponential(x)
    case .sqrt: x.squareRoot()
    case .erf: errorFunction(x)
    case .gelu: gaussianErrorLinear(x)
    case .geluTanh: approximateGaussianErrorLinear(x)
    case .log: naturalLogarithm(x)
    case .softplus: softplus(x)
    case .mish: x * hyperbolicTangent(softplus(x))
    case .floor: roundedDown(x)
    case .ceiling: roundedUp(x)
    case .round: roundedToEven(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .sine: sine(x)
    case .cosine: cosine(x)
    }
  }

  /// Its code where kernels may have it.
  private var kernelFunction: Int32? {
    switch function {
    case .exp: Int32(TINYNN_EXPONENTIAL)
    case .sigmoid: Int32(TINYNN_SIGMOID)
    case .silu: Int32(TINYNN_SILU)
    case .gelu: Int32(TINYNN_GELU)
    default: nil
    }
  }

  /// Applies the function to the elements of a range, from one tensor to another or in place.
  func apply(_ input: Elements<Float>, _ output: Elements<Float>, _ range: Range<Int>, _ kernels: Kernels) {
    let (a, b) = (a, b)
    if let code = kernelFunction,
      kernels.activate(code, input.slice(range.lowerBound, range.count), output.slice(range.lowerBound, range.count))
    {
      return
    }
    switch function {
    case .none: each(input, output, range) { $0 }
    case .clamp: clamp(input, output, range)
    case .leakyReLU: each(input, output, range) { $0 < 0 ? a * $0 : $0 }
    case .sigmoid: each(input, output, range) { 1 / (1 + exponential(-$0)) }
    case .silu: each(input, output, range) { $0 / (1 + exponential(-$0)) }
    case .hardSigmoid: each(input, output, range) { clamped(a * $0 + b, 0, 1) }
    case .hardSwish: each(input, output, range) { $0 * clamped($0 * (1 / 6 as Float) + 0.5, 0, 1) }
    case .tanh: each(input, output, range) { hyperbolicTangent($0) }
    case .exp: each(input, output, range) { exponential($0) }
    case .sqrt: each(input, output, range) { $0.squareRoot() }
    case .erf: each(input, output, range) { errorFunction($0) }
    case .gelu: each(input, output, range) { gaussianErrorLinear($0) }
    case .geluTanh: each(input, output, range) { approximateGaussianErrorLinear($0) }
    case .log, .softplus, .mish, .floor, .ceiling, .round, .sign, .sine, .cosine: each(input, output, range) { value($0) }
    }
  }

  /// In vectors that the compiler does not find by itself where it compiles for size.
  private func clamp(_ input: Elements<Float>, _ output: Elements<Float>, _ range: Range<Int>) {
    let low = SIMD8(repeating: a), high = SIMD8(repeating: b)
    var index = range.lowerBound
    while index &+ 8 <= range.upperBound {
      var values = input.vector(SIMD8<Float>.self, at: index)
      values.replace(with: high, where: values .> high)
      values.replace(with: low, where: values .< low)
      output.store(values, at: index)
      index &+= 8
    }
    while index < range.upperBound {
      output[index] = clamped(input[index], a, b)
      index &+= 1
    }
  }

  @inline(__always)
  private func each(_ input: Elements<Float>, _ output: Elements<Float>, _ range: Range<Int>, _ function: (Float) -> Float) {
    if input.isSameMemory(as: output) {
      // One operand, so that the compiler has no overlap to fear and uses vectors.
      for i in range { output[i] = function(output[i]) }
    } else {
      for i in range { output[i] = function(input[i]) }
    }
  }
}
