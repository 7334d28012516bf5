/// Matrix product with constant weights over the innermost axis, bias and activation.
///
/// Inputs: activations [..., I], weights [O, I] (constant), bias [O] (constant). Output: [..., O]. Each output element is
/// one chain of fused multiply-adds from the bias over the inputs in order.
///
/// int8: bias and input 3 as for `Convolution`; Dense+Int8.swift runs it.
public struct Dense: WeightedOperator {
  public static let name: StaticString = "Dense"
  public var activation: Activation

  public init(activation: Activation = .none) { self.activation = activation }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    activation = try Activation(decoding: &reader)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { activation.encode(into: &sink) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    let type = try operands.activations(0).elementType
    var shape = operands.shape(0)
    let weights = try operands.shape(1, of: type, rank: 2)
    guard shape.rank >= 1 else { throw ModelError(.wrongShape, found: 0, needed: 1) }
    try require(weights[1], is: shape[shape.rank - 1])
    try operands.requireBias(channels: weights[0], for: type, activation)
    shape[shape.rank - 1] = weights[0]
    return TensorType(type, shape)
  }

  public func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int {
    let depth = operands.shape(1)[1]
    return operands.isInt8(0) && depth % 4 != 0 ? parts * Dense.int8ScratchByteCount(depth: depth) : 0
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    output.shape.count * operands.shape(1)[1]
  }

  public var weights: WeightForm { WeightForm() }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Dense? {
    permutation[permutation.rank - 1] == permutation.rank - 1 ? self : nil
  }

  /// Enough rows to use each panel of weights many times, few enough that they stay in the L2 cache.
  static let blockCount = 96

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(context, input) }
    let weights = context.input(1), bias = context.input(2), output = context.output(0)
    let depth = weights.shape[1], columns = weights.shape[0]
    let rows = output.shape.count / columns
    let packing = PanelPacking(columns: columns, depth: depth)
    let work = PanelWork(
      context, rows: rows, columns: columns, panels: packing.panelCount,
      dividesColumns: PanelWork.dividesColumns(rows: rows, readPerRow: depth, depth: depth, columns: columns))
    guard !work.isEmpty else { return }
    var first = work.rows.lowerBound
    while first < work.rows.upperBound {
      let count = min(Dense.blockCount, work.rows.upperBound - first)
      let target = first * columns
      context.kernels.multiply(
        MatrixRows(input.floats.slice(first * depth, count * depth), count: count, depth: depth),
        weights: work.weights(weights.floats, panelStride: packing.panelStride), bias: work.channels(bias.floats),
        output: work.results(output.floats, from: target, count: count, stride: columns),
        outputStride: columns, columns: work.columnCount, minimum: activation.minimum, maximum: activation.maximum)
      if !activation.isClampOrNone {
        for row in 0..<count {
          let start = target + work.firstColumn + row * columns
          activation.apply(output.floats, output.floats, start..<start + work.columnCount, context.kernels)
        }
      }
      first += count
    }
  }
}
