/// Product of two computed matrices, as attention needs it (NumPy's matmul of operands of rank 2 and more).
///
/// Inputs: [..., M, K] and [..., K, N], float32; the leading axes broadcast, and either input may be constant. Output:
/// [..., M, N]. Each output element is one chain of fused multiply-adds from 0 over K in order.
public struct MatMul: Operator {
  public static let name: StaticString = "MatMul"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 2)
    let a = try operands.float32(0).shape, b = try operands.float32(1).shape
    guard a.rank >= 2, b.rank >= 2 else { throw ModelError(.wrongShape, found: a.rank < 2 ? a.rank : b.rank, needed: 2) }
    try require(b[b.rank - 2], is: a[a.rank - 1])
    let rank = max(a.rank, b.rank)
    var shape = Shape()
    for axis in 0..<rank - 2 {
      let (m, n) = (a.broadcastExtent(axis, rank: rank), b.broadcastExtent(axis, rank: rank))
      guard m == n || m == 1 || n == 1 else { throw ModelError(.wrongShape, found: n, needed: m) }
      shape.append(max(m, n))
    }
    shape.append(a[a.rank - 2])
    shape.append(b[b.rank - 1])
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(.float32, shape)
  }

  /// Panels of the right operand that are packed at a time.
  private static let panelLimit = 8
  /// Rows of one call of the kernel: enough to use each panel many times, few enough that they stay in the L2 cache.
  private static let rowLimit = 96

  private func panelsAtOnce(_ packing: PanelPacking) -> Int { min(MatMul.panelLimit, packing.panelCount) }

  /// The bias of zeros, then the packed panels.
  private func scratchShare(_ packing: PanelPacking) -> Int {
    Format.aligned(4 * PanelPacking.width * MatMul.panelLimit) + Format.aligned(4 * panelsAtOnce(packing) * packing.panelStride)
  }

  public func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int {
    let b = operands.shape(1)
    return parts * scratchShare(PanelPacking(columns: b[b.rank - 1], depth: b[b.rank - 2]))
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    let a = operands.shape(0)
    return output.shape.count * a[a.rank - 1]
  }

  public func run(_ context: borrowing OperatorContext) {
    let a = context.input(0), b = context.input(1), output = context.output(0)
    let rank = output.shape.rank
    let rows = output.shape[rank - 2], columns = output.shape[rank - 1], depth = a.shape[a.shape.rank - 1]
    let packing = PanelPacking(columns: columns, depth: depth)
    let scratch = context.scratch(share: scratchShare(packing))
    let zeros: Elements<Float> = scratch.floats(at: 0, count: PanelPacking.width * MatMul.panelLimit)
    for i in 0..<zeros.count { zeros[i] = 0 }
    let packed = scratch.floats(at: Format.aligned(4 * zeros.count), count: panelsAtOnce(packing) * packing.panelStride)

    let share = context.share(of: output.shape.count(in: 0..<rank - 2) * packing.panelCount)
    var item = share.lowerBound
    while item < share.upperBound {
      let matrix = item / packing.panelCount, panel = item % packing.panelCount
      let left = min(packing.panelCount - panel, share.upperBound - item)
      let panels = min(left, panelsAtOnce(packing))
      let firstColumn = panel * PanelPacking.width
      let columnCount = min(columns, firstColumn + panels * PanelPacking.width) - firstColumn
      let source = b.floats.slice(offset(of: matrix, in: b.shape, output.shape), depth * columns)
      for index in 0..<panels {
        pack(
          source, columns: columns, from: firstColumn + index * PanelPacking.width, depth: depth,
          into: packed.slice(index * packing.panelStride, packing.panelStride))
      }
      let leftStart = offset(of: matrix, in: a.shape, output.shape)
      var first = 0
      while first < rows {
        let count = min(MatMul.rowLimit, rows - first)
        let target = (matrix * rows + first) * columns + firstColumn
        context.kernels.multiply(
          MatrixRows(a.floats.slice(leftStart + first * depth, count * depth), count: count, depth: depth),
          weights: packed.slice(0, panels * packing.panelStride), bias: zeros.slice(0, panels * PanelPacking.width),
          output: output.floats.slice(target, (count - 1) * columns + columnCount),
          outputStride: columns, columns: columnCount, minimum: -.infinity, maximum: .infinity)
        first += count
      }
      item += panels
    }
  }

  /// Columns `first ..< first + 16` of a row-major matrix, zeros beyond its last one.
  private func pack(_ source: Elements<Float>, columns: Int, from first: Int, depth: Int, into panel: Elements<Float>) {
    let count = min(PanelPacking.width, columns - first)
    if count == PanelPacking.width {
      for k in 0..<depth { panel.copy(PanelPacking.width, of: source, from: k * columns + first, to: k * PanelPacking.width) }
      return
    }
    for k in 0..<depth {
      for i in 0..<count { panel[k * PanelPacking.width + i] = source[k * columns + first + i] }
      for i in count..<PanelPacking.width { panel[k * PanelPacking.width + i] = 0 }
    }
  }

  /// Where an operand has the matrix that meets matrix `index` of the output.
  func offset(of index: Int, in shape: Shape, _ output: Shape) -> Int {
    var rest = index, offset = 0
    var stride = shape[shape.rank - 2] * shape[shape.rank - 1]
    var axis = output.rank - 3
    while axis >= 0 {
      let extent = shape.broadcastExtent(axis, rank: output.rank)
      if extent > 1 { offset += rest % output[axis] * stride }
      stride *= extent
      rest /= output[axis]
      axis -= 1
    }
    return offset
  }
}
