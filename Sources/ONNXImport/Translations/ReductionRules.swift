import TinyNN

extension Translation {
  static let reductionRules: [String: Rule] = [
    "ReduceMean": { (translation) throws(ONNXImportError) in [try translation.mean().value] },
    "ReduceSum": { (translation) throws(ONNXImportError) in
      let (value, count) = try translation.mean()
      return [try translation.scaled(value, by: Float(count))]
    },
  ]

  /// The mean over the stated axes, and how many elements each mean is taken of.
  private func mean() throws(ONNXImportError) -> (value: Value, count: Int) {
    let x = try operand(0)
    let rank = x.shape.count
    let stated = try integers(input: 1, orAttribute: "axes") ?? []
    if stated.isEmpty, try node.bool("noop_with_empty_axes", default: false) { return (x, 1) }
    let axes = stated.isEmpty ? Array(0..<rank) : try normalizedAxes(stated, rank: rank, node)
    let kept = (0..<rank).filter { !axes.contains($0) }
    let count = axes.reduce(1) { $0 * x.shape[$1] }
    let shape = try node.bool("keepdims", default: true)
      ? x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] } : kept.map { x.shape[$0] }
    if count == 1 { return (try reshaped(x, shape), 1) }

    if rank == 4, axes == [2, 3] {
      let pooled = try onFeatureMap(x) { (image) throws(ONNXImportError) in try emit(GlobalAveragePool(), image) }
      return (try reshaped(pooled, shape), count)
    }
    // Any other mean is that of an image whose pixels are the reduced elements and whose channels are the kept ones.
    let image = try reshaped(try transposed(x, axes + kept), [1, count, 1, x.count / count])
    return (try reshaped(try emit(GlobalAveragePool(), image), shape), count)
  }
}
