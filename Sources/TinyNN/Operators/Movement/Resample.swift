/// Weighted sums of neighbours along one axis: linear and cubic resizing, one axis at a time, with and without antialiasing.
///
/// Inputs: a float32 tensor; int32 first neighbours [count]; float32 weights [count, taps] (both constant). Output: the same
/// shape but for `axis`, which has `count` elements; element i is the sum over t of weights[i, t] * input[first[i] + t], added
/// in the order of t. Neighbours outside of the axis are brought to its nearest end.
public struct Resample: Operator {
  public static let name: StaticString = "Resample"
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { sink.append(axis) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 3)
    var shape = try operands.float32(0).shape
    guard axis < shape.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: shape.rank - 1) }
    shape[axis] = try operands.shape(1, of: .int32, rank: 1)[0]
    try require(try operands.shape(2, of: .float32, rank: 2)[0], is: shape[axis])
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(.float32, shape)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Resample? {
    Resample(axis: permutation.inverse[axis])
  }

  public func permutesConstant(_ index: Int) -> Bool { false }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let first = context.input(1).int32s, weights = context.input(2).floats
    let source = input.floats, target = output.floats
    let taps = context.input(2).shape[1]
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    let (extent, count) = (input.shape[axis], output.shape[axis])
    for row in context.share(of: output.shape.count(in: 0..<axis) * count) {
      let (block, index) = (row / count, row % count)
      let to = row * inner
      // Whatever a hostile file holds, the sums below stay small.
      let start = min(max(Int(first[index]), -taps), extent)
      for tap in 0..<taps {
        let position = min(max(start + tap, 0), extent - 1)
        let from = (block * extent + position) * inner
        let weight = weights[index * taps + tap]
        if tap == 0 {
          for i in 0..<inner { target[to + i] = weight * source[from + i] }
        } else {
          for i in 0..<inner { target[to + i] = target[to + i] + weight * source[from + i] }
        }
      }
    }
  }
}
