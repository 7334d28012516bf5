/// exp(x - max) / sum over one axis; sums run along the axis in order. Minus infinity counts as nothing, and lines of nothing else
/// become 0.
///
/// Input and output: any shape of rank at least 1.
public struct Softmax: Operator {
  public static let kind = OperatorKind.softmax
  public static let name: StaticString = "Softmax"
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { sink.append(axis) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.float32(0)
    guard axis < input.shape.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: input.shape.rank - 1) }
    return input
  }

  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool { true }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Softmax? {
    Softmax(axis: permutation.inverse[axis])
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let source = input.floats, target = output.floats
    let extent = input.shape[axis]
    let inner = input.shape.count(in: axis + 1..<input.shape.rank)
    for row in context.share(of: input.shape.count / extent) {
      let start = row / inner * extent * inner + row % inner
      var largest = source[start]
      for i in 1..<max(1, extent) { largest = max(largest, source[start + i * inner]) }
      if largest == -.infinity { largest = 0 }
      var sum: Float = 0
      for i in 0..<extent {
        let value = exponential(source[start + i * inner] - largest)
        target[start + i * inner] = value
        sum += value
      }
      if sum == 0 { sum = 1 }
      for i in 0..<extent { target[start + i * inner] = target[start + i * inner] / sum }
    }
  }
}
