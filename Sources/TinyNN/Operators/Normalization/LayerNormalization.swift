/// Each row (innermost axis) brought to mean 0 and variance 1, then scaled and shifted (Ba et al. 2016), or only divided by its
/// root mean square (Zhang and Sennrich 2019).
///
/// Inputs: [..., C], scale [C] and shift [C] (constants), float32. Output: the input's shape. Sums run in eight interleaved
/// chains, which are then added in order.
public struct LayerNormalization: Operator {
  public static let name: StaticString = "LayerNormalization"
  /// Added to the variance; not negative.
  public var epsilon: Float
  /// False for the root mean square form.
  public var centres: Bool

  public init(epsilon: Float, centres: Bool = true) {
    self.epsilon = epsilon
    self.centres = centres
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    epsilon = try reader.float()
    centres = try reader.int(in: 0...1) == 1
    guard epsilon >= 0, epsilon.isFinite else { throw ModelError(.attributeOutOfRange) }
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(epsilon)
    sink.append(centres ? 1 : 0)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 3)
    let input = try operands.float32(0)
    guard input.shape.rank >= 1 else { throw ModelError(.wrongShape, found: 0, needed: 1) }
    let channels = input.shape[input.shape.rank - 1]
    try require(try operands.shape(1, of: .float32, rank: 1)[0], is: channels)
    try require(try operands.shape(2, of: .float32, rank: 1)[0], is: channels)
    return input
  }

  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool { index == 0 }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> LayerNormalization? {
    permutation[permutation.rank - 1] == permutation.rank - 1 ? self : nil
  }

  public func permutesConstant(_ index: Int) -> Bool { false }

  public var needsFineSums: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let source = input.floats, target = output.floats
    let scale = context.input(1).floats, shift = context.input(2).floats
    let channels = input.shape[input.shape.rank - 1]
    for row in context.share(of: input.shape.count / channels) {
      let start = row * channels
      let (mean, factor) = moments(source, start, channels)
      for i in 0..<channels { target[start + i] = (source[start + i] - mean) * factor * scale[i] + shift[i] }
    }
  }

  /// Mean, 0 in the root mean square form, and the reciprocal of the standard deviation of a row.
  @inline(__always) func moments(_ source: Elements<Float>, _ start: Int, _ channels: Int) -> (mean: Float, factor: Float) {
    let divisor = Float(channels)
    let mean = centres ? interleavedSum(channels) { source[start + $0] } / divisor : 0
    let variance =
      interleavedSum(channels) { i in
        let difference = source[start + i] - mean
        return difference * difference
      } / divisor
    return (mean, 1 / (variance + epsilon).squareRoot())
  }
}
