import CTinyNN

extension Dense {
  /// Rows whose length is no multiple of 4 are copied, padded with zeros, for which the weights are zeros too.
  static func int8ScratchByteCount(depth: Int) -> Int { Format.aligned(blockCount * ((depth + 3) & ~3)) }

  func runInt8(_ context: borrowing OperatorContext, _ input: Tensor) {
    let weights = context.input(1), output = context.output(0)
    let bias = context.input(2).int32s, multipliers = context.input(3).floats
    let depth = weights.shape[1], columns = weights.shape[0]
    let rows = output.shape.count / columns
    let packing = Int8PanelPacking(columns: columns, depth: depth)
    let work = PanelWork(
      context, rows: rows, columns: columns, panels: packing.panelCount,
      dividesColumns: PanelWork.dividesColumns(rows: rows, readPerRow: depth, depth: depth, columns: columns))
    guard !work.isEmpty else { return }
    let bounds = activation.bounds(in: output.map)
    let isPadded = depth % 4 != 0
    let scratch = context.scratch(share: isPadded ? Dense.int8ScratchByteCount(depth: depth) : 0)
    var first = work.rows.lowerBound
    while first < work.rows.upperBound {
      let count = min(Dense.blockCount, work.rows.upperBound - first)
      let source = input.int8s.slice(first * depth, count * depth)
      let left = isPadded ? padded(source, count, depth, scratch.int8s(at: 0, count: count * packing.paddedDepth)) : source
      context.kernels.multiply(
        Int8MatrixRows(left, count: count, depth: packing.paddedDepth),
        weights: work.weights(weights.int8s, panelStride: packing.panelStride), bias: work.channels(bias),
        multipliers: work.channels(multipliers),
        output: work.results(output.int8s, from: first * columns, count: count, stride: columns), outputStride: columns,
        columns: work.columnCount, bounds)
      first += count
    }
  }

  private func padded(_ source: Elements<Int8>, _ rows: Int, _ depth: Int, _ target: Elements<Int8>) -> Elements<Int8> {
    let stride = (depth + 3) & ~3
    for row in 0..<rows {
      for i in 0..<stride { target[row * stride + i] = i < depth ? source[row * depth + i] : 0 }
    }
    return target
  }
}
