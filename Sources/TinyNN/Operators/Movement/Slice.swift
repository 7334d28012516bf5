/// Every `step`-th element between `start` and `start + step * extent` of one axis.
///
/// Input: a float32 or int8 tensor. Output: the same shape but for `axis`, which has `extent` elements.
public struct Slice: Operator {
  public static let name: StaticString = "Slice"
  public var axis: Int
  public var start: Int
  public var step: Int
  public var extent: Int

  public init(axis: Int, start: Int, step: Int = 1, extent: Int) {
    self.axis = axis
    self.start = start
    self.step = step
    self.extent = extent
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
    start = try reader.int(in: 0...Int(Int32.max))
    step = try reader.int(in: -Int(Int32.max)...Int(Int32.max))
    extent = try reader.int(in: 1...Int(Int32.max))
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(axis)
    sink.append(start)
    sink.append(step)
    sink.append(extent)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let type = try operands.activations(0).elementType
    var shape = operands.shape(0)
    guard axis < shape.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: shape.rank - 1) }
    let (way, wayOverflow) = step.multipliedReportingOverflow(by: extent - 1)
    let (last, overflow) = start.addingReportingOverflow(way)
    guard start < shape[axis], !wayOverflow, !overflow, last >= 0, last < shape[axis] else {
      throw ModelError(.attributeOutOfRange, found: start, needed: shape[axis] - 1)
    }
    shape[axis] = extent
    return TensorType(type, shape)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Slice? {
    Slice(axis: permutation.inverse[axis], start: start, step: step, extent: extent)
  }

  public var int8Form: Int8Form? { .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    if context.output(0).elementType == .int8 { run(context, Int8.self) } else { run(context, Float.self) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ element: T.Type) {
    let input = context.input(0), output = context.output(0)
    let source = input.elements(T.self), target = output.elements(T.self)
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    for row in context.share(of: output.shape.count(in: 0..<axis)) {
      if step == 1 {
        target.copy(extent * inner, of: source, from: (row * input.shape[axis] + start) * inner, to: row * extent * inner)
        continue
      }
      for i in 0..<extent {
        let from = (row * input.shape[axis] + start + i * step) * inner
        let to = (row * extent + i) * inner
        for j in 0..<inner { target[to + j] = source[from + j] }
      }
    }
  }
}
