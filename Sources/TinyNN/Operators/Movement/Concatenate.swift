/// Tensors put one after the other along an axis.
///
/// Inputs: one or more float32 or int8 tensors that agree in type and in all other axes. Output: the sum of the extents along
/// `axis`.
public struct Concatenate: Operator {
  public static let name: StaticString = "Concat"
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { sink.append(axis) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    let type = try operands.activations(0).elementType
    var result = operands.shape(0)
    guard axis < result.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: result.rank - 1) }
    for other in 1..<max(1, operands.inputCount) {
      let shape = try operands.shape(other, of: type, rank: result.rank)
      for i in 0..<result.rank where i != axis { try require(shape[i], is: result[i]) }
      guard shape[axis] <= Int(Int32.max) - result[axis] else { throw ModelError(.wrongShape, found: shape[axis]) }
      result[axis] = result[axis] + shape[axis]
    }
    guard result.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(type, result)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Concatenate? {
    Concatenate(axis: permutation.inverse[axis])
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Concatenate>? {
    axis == 1 ? nil : Stripe(operation: self, inputRows: rows)
  }

  public var int8Form: Int8Form? { .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    if context.output(0).elementType == .int8 { run(context, Int8.self) } else { run(context, Float.self) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ element: T.Type) {
    let output = context.output(0)
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    let rows = context.share(of: output.shape.count(in: 0..<axis))
    let outputRow = output.shape[axis] * inner
    var column = 0
    for index in 0..<context.inputCount {
      let input = context.input(index)
      let inputRow = input.shape[axis] * inner
      let source = input.elements(T.self), target = output.elements(T.self)
      for row in rows {
        let (from, to) = (row * inputRow, row * outputRow + column)
        target.copy(inputRow, of: source, from: from, to: to)
      }
      column += inputRow
    }
  }
}
