/// Elements of one tensor where a condition holds, of another where not (ONNX Where), with broadcasting.
///
/// Inputs: the condition as float32 (holds where it is not 0), and two float32 tensors. Output: the broadcast shape.
public struct Select: Operator {
  public static let name: StaticString = "Select"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 3)
    var rank = 0
    for position in 0..<3 { rank = max(rank, try operands.float32(position).shape.rank) }
    var shape = Shape()
    for axis in 0..<rank {
      var extent = 1
      for position in 0..<3 {
        let own = operands.shape(position).broadcastExtent(axis, rank: rank)
        guard own == extent || own == 1 || extent == 1 else { throw ModelError(.wrongShape, found: own, needed: extent) }
        extent = max(extent, own)
      }
      shape.append(extent)
    }
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(.float32, shape)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Select? { self }

  public func run(_ context: borrowing OperatorContext) {
    let condition = context.input(0), a = context.input(1), b = context.input(2), output = context.output(0)
    let target = output.floats
    let rank = output.shape.rank
    let inner = rank == 0 ? 1 : output.shape[rank - 1]
    for row in context.share(of: output.shape.count / inner) {
      let (c, stepC) = place(of: row, in: condition.shape, output.shape)
      let (i, stepA) = place(of: row, in: a.shape, output.shape)
      let (j, stepB) = place(of: row, in: b.shape, output.shape)
      for k in 0..<inner {
        target[row * inner + k] = condition.floats[c + k * stepC] != 0 ? a.floats[i + k * stepA] : b.floats[j + k * stepB]
      }
    }
  }

  /// Where an operand has the first element for row `index` of the output, and how far its next one is.
  private func place(of index: Int, in shape: Shape, _ output: Shape) -> (start: Int, step: Int) {
    let rank = output.rank
    guard rank > 0 else { return (0, 0) }
    let innermost = shape.broadcastExtent(rank - 1, rank: rank)
    var (rest, start, stride) = (index, 0, innermost)
    for axis in Swift.stride(from: rank - 2, through: 0, by: -1) {
      let extent = shape.broadcastExtent(axis, rank: rank)
      if extent > 1 { start += rest % output[axis] * stride }
      stride *= extent
      rest /= output[axis]
    }
    return (start, innermost > 1 ? 1 : 0)
  }
}
