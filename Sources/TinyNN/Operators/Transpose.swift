/// Axes reordered: axis i of the output is axis `permutation[i]` of the input (ONNX Transpose).
public struct Transpose: Operator {
  public static let kind = OperatorKind.transpose
  public static let name: StaticString = "Transpose"
  public var permutation: Permutation

  public init(_ permutation: Permutation) { self.permutation = permutation }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    permutation = Permutation(rank: try reader.int(in: 0...Shape.maximumRank))
    for axis in 0..<permutation.rank { permutation[axis] = try reader.int(in: 0...permutation.rank - 1) }
    guard permutation.isValid else { throw ModelError(.attributeOutOfRange) }
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(permutation.rank)
    for axis in 0..<permutation.rank { sink.append(permutation[axis]) }
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0, rank: permutation.rank)
    return TensorType(input.elementType, permutation(input.shape))
  }

  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    if context.output(0).elementType == .int8 { run(context, Int8.self) } else { run(context, Float.self) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ element: T.Type) {
    let input = context.input(0), output = context.output(0)
    let source = input.elements(T.self), target = output.elements(T.self)
    let rank = permutation.rank
    guard rank > 0 else {
      target[0] = source[0]
      return
    }
    eachRow(context.share(of: output.shape.count / output.shape[rank - 1]), input.shape, output.shape) { row, from, inner, stride in
      for i in 0..<inner { target[row * inner + i] = source[from + i * stride] }
    }
  }

  /// Calls `body` with rows of the output: where the input has the first element, how many there are, and how far apart.
  @inline(__always)
  func eachRow(_ rows: Range<Int>, _ input: Shape, _ output: Shape, _ body: (_ row: Int, _ from: Int, _ inner: Int, _ stride: Int) -> Void) {
    let rank = permutation.rank
    // Strides of the input in the order of the output's axes.
    var strides = InlineArray<6, Int>(repeating: 0)
    for axis in 0..<rank { strides[axis] = input.count(in: permutation[axis] + 1..<rank) }
    for row in rows {
      var (rest, from) = (row, 0)
      for axis in stride(from: rank - 2, through: 0, by: -1) {
        from += rest % output[axis] * strides[axis]
        rest /= output[axis]
      }
      body(row, from, output[rank - 1], strides[rank - 1])
    }
  }
}
