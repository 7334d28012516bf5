/// Each element divided by (bias + alpha / size * sum of squares of its neighbours in the innermost axis) ^ beta (Krizhevsky et
/// al. 2012, section 3.3; ONNX LRN).
///
/// Input: [..., C], float32. Output: the same shape. The neighbours are the channels c - (size - 1) / 2 to c + size / 2 that exist.
public struct LocalResponseNormalization: Operator {
  public static let name: StaticString = "LRN"
  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var bias: Float

  public init(size: Int, alpha: Float, beta: Float, bias: Float) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    size = try reader.int(in: Window.limit)
    alpha = try reader.float()
    beta = try reader.float()
    bias = try reader.float()
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(size)
    sink.append(alpha)
    sink.append(beta)
    sink.append(bias)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.float32(0)
    guard input.shape.rank >= 1 else { throw ModelError(.wrongShape, found: 0, needed: 1) }
    return input
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> LocalResponseNormalization? {
    permutation[permutation.rank - 1] == permutation.rank - 1 ? self : nil
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let source = input.floats, target = output.floats
    let channels = input.shape[input.shape.rank - 1]
    let factor = alpha / Float(size)
    for row in context.share(of: input.shape.count / channels) {
      let start = row * channels
      for channel in 0..<channels {
        let first = max(0, channel - (size - 1) / 2), last = min(channels - 1, channel + size / 2)
        var sum: Float = 0
        for other in first...last { sum += source[start + other] * source[start + other] }
        target[start + channel] = source[start + channel] * power(bias + factor * sum, -beta)
      }
    }
  }
}
