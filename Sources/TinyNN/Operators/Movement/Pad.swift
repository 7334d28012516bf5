/// A constant value put around a tensor.
///
/// Input: a float32 or int8 tensor of any rank (int8: the value is quantized). Output: `before[i] + extent + after[i]` along axis
/// i.
public struct Pad: Operator {
  public static let name: StaticString = "Pad"
  public var rank: Int
  public var before: InlineArray<6, Int>
  public var after: InlineArray<6, Int>
  public var value: Float

  public init(rank: Int, value: Float) {
    self.rank = rank
    self.value = value
    before = .init(repeating: 0)
    after = .init(repeating: 0)
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    self.init(rank: try reader.int(in: 0...Shape.maximumRank), value: try reader.float())
    for axis in 0..<rank {
      before[axis] = try reader.int(in: 0...Window.limit.upperBound)
      after[axis] = try reader.int(in: 0...Window.limit.upperBound)
    }
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(rank)
    sink.append(value)
    for axis in 0..<rank {
      sink.append(before[axis])
      sink.append(after[axis])
    }
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let type = try operands.activations(0, rank: rank).elementType
    let input = operands.shape(0)
    var shape = Shape()
    for axis in 0..<rank {
      let (extent, overflow) = Int32(input[axis]).addingReportingOverflow(Int32(before[axis] + after[axis]))
      guard !overflow else { throw ModelError(.wrongShape, found: input[axis]) }
      shape.append(Int(extent))
    }
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(type, shape)
  }

  /// What it puts around the image of an NHWC tensor, nil if it does anything but that with zeros.
  public var border: Border? {
    guard rank == 4, value == 0, before[0] == 0, after[0] == 0, before[3] == 0, after[3] == 0 else { return nil }
    return Border(top: before[1], left: before[2], bottom: after[1], right: after[2])
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Pad? {
    var result = Pad(rank: rank, value: value)
    for axis in 0..<rank {
      result.before[axis] = before[permutation[axis]]
      result.after[axis] = after[permutation[axis]]
    }
    return result
  }

  public var int8Form: Int8Form? { .following }
  public var preservesQuantization: Bool { true }

  public func run(_ context: borrowing OperatorContext) {
    let output = context.output(0)
    if output.elementType == .int8 { run(context, output.map.quantize(value)) } else { run(context, value) }
  }

  private func run<T: BitwiseCopyable>(_ context: borrowing OperatorContext, _ value: T) {
    let input = context.input(0), output = context.output(0)
    let source = input.elements(T.self), target = output.elements(T.self)
    guard rank > 0 else {
      target[0] = source[0]
      return
    }
    let inner = output.shape[rank - 1], inputInner = input.shape[rank - 1]
    for row in context.share(of: output.shape.count / inner) {
      var rest = row, from = 0, stride = 1, inside = true
      for axis in Swift.stride(from: rank - 2, through: 0, by: -1) {
        let position = rest % output.shape[axis] - before[axis]
        rest /= output.shape[axis]
        inside = inside && position >= 0 && position < input.shape[axis]
        from += position * stride
        stride *= input.shape[axis]
      }
      for i in 0..<inner {
        let position = i - before[rank - 1]
        target[row * inner + i] =
          inside && position >= 0 && position < inputInner ? source[from * inputInner + position] : value
      }
    }
  }
}
