/// The same elements in the same order under another shape; in place, nothing moves.
public struct Reshape: Operator {
  public static let name: StaticString = "Reshape"
  public var shape: Shape

  public init(_ shape: Shape) { self.shape = shape }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    shape = Shape()
    for _ in 0..<(try reader.int(in: 0...Shape.maximumRank)) {
      shape.append(try reader.int(in: 1...Int(Int32.max)))
    }
    guard shape.isValid else { throw ModelError(.attributeOutOfRange) }
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(shape.rank)
    for axis in 0..<shape.rank { sink.append(shape[axis]) }
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0)
    try require(shape.count, is: input.shape.count)
    return TensorType(input.elementType, shape)
  }

  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool { true }

  public var int8Form: Int8Form? { .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    let source = context.input(0).int8s, target = context.output(0).int8s
    guard !source.isSameMemory(as: target) else { return }
    let share = context.share(of: target.count)
    target.copy(share.count, of: source, from: share.lowerBound, to: share.lowerBound)
  }
}
