/// Matrix product with constant weights over the innermost axis, bias and activation.
///
/// Inputs: activations [..., I], weights [O, I] (constant), bias [O] (constant). Output: [..., O]. Each output element is
/// one chain of fused multiply-adds from the bias over the inputs in order.
///
/// int8: bias and input 3 as for `Convolution`; Dense+Int8.swift runs it.
public struct Dense: Operator {
  public static let kind = OperatorKind.dense
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

  public func packedByteCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int? {
    let weights = operands.shape(1)
    let packing = PanelPacking(columns: weights[0], depth: weights[1])
    switch index {
    case 1:
      return operands.isInt8(0) ? Int8PanelPacking(columns: weights[0], depth: weights[1]).weightCount : packing.weightCount * 4
    case 2, 3: return packing.biasCount * 4
    default: return nil
    }
  }

  public func pack(input index: Int, _ shape: Shape, _ elements: ByteRegion, into packed: inout MutableRawSpan) {
    guard index == 1 else { return packChannels(elements, columns: shape[0], groups: 1, into: &packed) }
    if elements.count == shape.count {
      Int8PanelPacking(columns: shape[0], depth: shape[1]).packWeights(elements, firstRow: 0, into: &packed, at: 0)
    } else {
      PanelPacking(columns: shape[0], depth: shape[1]).packWeights(elements, firstRow: 0, into: &packed, at: 0)
    }
  }

  public func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int {
    let depth = operands.shape(1)[1]
    return operands.isInt8(0) && depth % 4 != 0 ? parts * Dense.int8ScratchByteCount(depth: depth) : 0
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    output.shape.count * operands.shape(1)[1]
  }

  public func fusing(_ next: Activation) -> Dense? { activation == .none ? Dense(activation: next) : nil }

  public var weightChannelAxis: Int? { 0 }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Dense? {
    permutation[permutation.rank - 1] == permutation.rank - 1 ? self : nil
  }

  /// Enough rows to use each panel of weights many times, few enough that they stay in the L2 cache.
  static let blockCount = 96

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), weights = context.input(1), bias = context.input(2), output = context.output(0)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(context) }
    let depth = weights.shape[1], columns = weights.shape[0]
    let rows = output.shape.count / columns
    let packing = PanelPacking(columns: columns, depth: depth)
    let dividesColumns = PanelPacking.dividesColumns(rows: rows, readPerRow: depth, depth: depth, columns: columns)
    let rowShare = dividesColumns ? 0..<rows : context.share(of: rows)
    let panelShare = dividesColumns ? context.share(of: packing.panelCount) : 0..<packing.panelCount
    let firstColumn = panelShare.lowerBound * PanelPacking.width
    let columnCount = min(columns, panelShare.upperBound * PanelPacking.width) - firstColumn
    guard columnCount > 0, !rowShare.isEmpty else { return }
    var first = rowShare.lowerBound
    while first < rowShare.upperBound {
      let count = min(Dense.blockCount, rowShare.upperBound - first)
      let target = first * columns + firstColumn
      context.kernels.multiply(
        MatrixRows(input.floats.slice(first * depth, count * depth), count: count, depth: depth),
        weights: weights.floats.slice(panelShare.lowerBound * packing.panelStride, panelShare.count * packing.panelStride),
        bias: bias.floats.slice(firstColumn, panelShare.count * PanelPacking.width),
        output: output.floats.slice(target, (count - 1) * columns + columnCount),
        outputStride: columns, columns: columnCount, minimum: activation.minimum, maximum: activation.maximum)
      if !activation.isClampOrNone {
        for row in 0..<count {
          let start = target + row * columns
          activation.apply(output.floats, output.floats, start..<start + columnCount)
        }
      }
      first += count
    }
  }
}
