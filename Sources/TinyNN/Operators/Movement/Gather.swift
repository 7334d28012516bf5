/// Chosen positions of one axis, in any order and repeated at will (ONNX Gather; also padding by reflection, nearest-neighbour
/// resizing and tiling).
///
/// Inputs: a float32 or int8 tensor; int32 positions [count] (constant). Output: the same shape but for `axis`, which has
/// `count` elements. Positions outside of the axis are brought to its nearest end.
public struct Gather: Operator {
  public static let name: StaticString = "Gather"
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { sink.append(axis) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 2)
    let input = try operands.activations(0)
    var shape = input.shape
    guard axis < shape.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: shape.rank - 1) }
    shape[axis] = try operands.shape(1, of: .int32, rank: 1)[0]
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(input.elementType, shape)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Gather? {
    Gather(axis: permutation.inverse[axis])
  }

  public func permutesConstant(_ index: Int) -> Bool { false }

  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    if context.output(0).elementType == .int8 { run(context, Int8.self) } else { run(context, Float.self) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ element: T.Type) {
    let input = context.input(0), output = context.output(0)
    let positions = context.input(1).int32s
    let source = input.elements(T.self), target = output.elements(T.self)
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    let (extent, count) = (input.shape[axis], output.shape[axis])
    for row in context.share(of: output.shape.count(in: 0..<axis) * count) {
      let position = min(max(Int(positions[row % count]), 0), extent - 1)
      let (from, to) = ((row / count * extent + position) * inner, row * inner)
      for i in 0..<inner { target[to + i] = source[from + i] }
    }
  }
}
