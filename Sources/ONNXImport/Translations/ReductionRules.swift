import TinyNN

extension Translation {
  static let reductionRules: [String: Rule] = [
    "ReduceMean": { (translation) throws(ONNXImportError) in [try translation.reduced(.mean)] },
    "ReduceSum": { (translation) throws(ONNXImportError) in [try translation.reduced(.sum)] },
    "ReduceMax": { (translation) throws(ONNXImportError) in [try translation.reduced(.maximum)] },
    "ReduceMin": { (translation) throws(ONNXImportError) in [try translation.reduced(.minimum)] },
    "ReduceProd": { (translation) throws(ONNXImportError) in [try translation.reduced(.product)] },
    "ReduceL1": { (translation) throws(ONNXImportError) in [try translation.reduced(.l1)] },
    "ReduceL2": { (translation) throws(ONNXImportError) in [try translation.reduced(.l2)] },
    "ReduceSumSquare": { (translation) throws(ONNXImportError) in [try translation.reduced(.sumOfSquares)] },
    "ReduceLogSumExp": { (translation) throws(ONNXImportError) in [try translation.reduced(.logSumExp)] },
    "ReduceLogSum": { (translation) throws(ONNXImportError) in
      [try translation.activated(try translation.reduced(.sum), Activation(.log))]
    },
    "LpNormalization": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let axis = try normalizedAxis(try translation.node.int("axis", default: -1), rank: x.shape.count, translation.node)
      let order = try translation.node.int("p", default: 2)
      guard order == 1 || order == 2 else { throw translation.node.unsupported("p \(order)") }
      let norm = try translation.reduced(order == 1 ? .l1 : .l2, x, [axis])
      // A line of zeros stays one.
      let divisor = try translation.binary(.maximum, norm, .constant(HostTensor([], floats: [.leastNormalMagnitude])))
      return [try translation.binary(.divide, x, divisor)]
    },
    "MeanVarianceNormalization": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let axes = try normalizedAxes(try translation.node.ints("axes") ?? [0, 2, 3], rank: x.shape.count, translation.node)
      let centred = try translation.binary(.subtract, x, try translation.reduced(.mean, x, axes))
      let variance = try translation.reduced(.mean, try translation.binary(.multiply, centred, centred), axes)
      let deviation = try translation.activated(variance, Activation(.sqrt))
      let divisor = try translation.binary(.add, deviation, .constant(HostTensor([], floats: [1e-9])))
      return [try translation.binary(.divide, centred, divisor)]
    },
  ]

  private func reduced(_ function: Reduce.Function) throws(ONNXImportError) -> Value {
    let x = try operand(0)
    let rank = x.shape.count
    let stated = try integers(input: 1, orAttribute: "axes") ?? []
    let mayBeElementwise = try node.bool("noop_with_empty_axes", default: false)
    let isElementwise = stated.isEmpty && mayBeElementwise
    let axes = isElementwise ? [] : stated.isEmpty ? Array(0..<rank) : try normalizedAxes(stated, rank: rank, node)
    let result = try reduced(function, x, axes)
    guard try !node.bool("keepdims", default: true) else { return result }
    return try reshaped(result, (0..<rank).filter { !axes.contains($0) }.map { x.shape[$0] })
  }

  /// Over `axes`, which stay with extent 1.
  func reduced(_ function: Reduce.Function, _ x: Value, _ axes: [Int]) throws(ONNXImportError) -> Value {
    let rank = x.shape.count
    let shape = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    if function == .mean, rank == 4, axes == [2, 3] {
      return try onFeatureMap(x) { (image) throws(ONNXImportError) in try emit(GlobalAveragePool(), image) }
    }
    if function == .mean, rank == 4, axes == [1, 2] { return try emit(GlobalAveragePool(), x) }
    if function == .mean, rank == 3, axes == [1] {
      return try reshaped(try emit(GlobalAveragePool(), try reshaped(x, [x.shape[0], x.shape[1], 1, x.shape[2]])), shape)
    }
    // One axis after the other: the squares and magnitudes are taken once.
    var steps = axes.filter { x.shape[$0] > 1 }
    if steps.isEmpty {
      if ![.l1, .l2, .sumOfSquares].contains(function) { return x }
      steps = axes.isEmpty ? [] : [axes[0]]
    }
    guard !steps.isEmpty, rank > 0 else {
      // A reduction of single elements.
      let column = try reshaped(x, [x.count, 1])
      return try reshaped(try emit(Reduce(function, axis: 1), column), x.shape)
    }
    let takesRoot = function == .l2 && steps.count > 1
    var value = x
    for (index, axis) in steps.enumerated() {
      let later: Reduce.Function = [.l1, .l2, .sumOfSquares].contains(function) ? .sum : function
      value = try emit(Reduce(index > 0 ? later : takesRoot ? .sumOfSquares : function, axis: axis), value)
    }
    return takesRoot ? try activated(value, Activation(.sqrt)) : value
  }
}
