import CTinyNN

/// exp(x - max) / sum over one axis. Sums run in eight interleaved chains, which are then added in order. Minus infinity counts
/// as nothing, and lines of nothing else become 0.
///
/// Input and output: any shape of rank at least 1.
public struct Softmax: Operator {
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
      if inner == 1 {
        normalize(source.slice(start, extent), target.slice(start, extent), context.kernels)
        continue
      }
      var largest = interleavedMaximum(extent) { source[start + $0 * inner] }
      if largest == -.infinity { largest = 0 }
      for i in 0..<extent { target[start + i * inner] = exponential(source[start + i * inner] - largest) }
      var sum = interleavedSum(extent) { target[start + $0 * inner] }
      if sum == 0 { sum = 1 }
      for i in 0..<extent { target[start + i * inner] = target[start + i * inner] / sum }
    }
  }

  /// One line of neighbours. It is copied first, so that the loops have one operand and the compiler uses vectors.
  private func normalize(_ source: Elements<Float>, _ line: Elements<Float>, _ kernels: Kernels) {
    if !source.isSameMemory(as: line) { line.copy(line.count, of: source, from: 0, to: 0) }
    var largest = interleavedMaximum(line.count) { line[$0] }
    if largest == -.infinity { largest = 0 }
    if !kernels.activate(Int32(TINYNN_EXPONENTIAL), line, line, shift: largest) {
      for i in 0..<line.count { line[i] = exponential(line[i] - largest) }
    }
    var sum = interleavedSum(line.count) { line[$0] }
    if sum == 0 { sum = 1 }
    for i in 0..<line.count { line[i] = line[i] / sum }
  }
}
