extension ConstantFolding {
  static let reductionRules: [String: Rule] = [
    "ReduceProd": reduction({ $0.reduce(1, &*) }, { $0.reduce(1, *) }),
    "ReduceSum": reduction({ $0.reduce(0, &+) }, { $0.reduce(0, +) }),
    "ReduceMax": reduction({ $0.max() ?? .min }, { $0.max() ?? -.infinity }),
    "ReduceMin": reduction({ $0.min() ?? .max }, { $0.min() ?? .infinity }),
    "ReduceMean": reduction({ $0.isEmpty ? 0 : $0.reduce(0, &+) / Int64($0.count) }, { $0.reduce(0, +) / Float($0.count) }),
    "ReduceL2": reduction(
      { Int64(Double($0.reduce(0) { $0 &+ $1 &* $1 }).squareRoot()) }, { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }),
  ]

  private static func reduction(
    _ integer: @escaping @Sendable ([Int64]) -> Int64, _ float: @escaping @Sendable ([Float]) -> Float
  ) -> Rule {
    { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let stated = try folding.integers(input: 1, orAttribute: "axes") ?? []
      if stated.isEmpty, try folding.node.bool("noop_with_empty_axes", default: false) { return [operand] }
      let rank = operand.shape.count
      let axes = stated.isEmpty ? Array(0..<rank) : try normalizedAxes(stated, rank: rank, folding.node)
      let kept = (0..<rank).filter { !axes.contains($0) }
      let grouped = operand.transposed(kept + axes)
      let length = axes.reduce(1) { $0 * operand.shape[$1] }
      let count = kept.reduce(1) { $0 * operand.shape[$1] }
      let keepsDimensions = try folding.node.bool("keepdims", default: true)
      let shape =
        keepsDimensions
        ? operand.shape.indices.map { axes.contains($0) ? 1 : operand.shape[$0] } : kept.map { operand.shape[$0] }
      switch grouped.values {
      case .floats(let elements):
        return [HostTensor(shape, floats: (0..<count).map { float(Array(elements[$0 * length..<($0 + 1) * length])) })]
      case .integers(let elements):
        return [HostTensor(shape, integers: (0..<count).map { integer(Array(elements[$0 * length..<($0 + 1) * length])) })]
      }
    }
  }
}
