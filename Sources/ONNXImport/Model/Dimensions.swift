/// Rules on dimensions that folding and translation share.

/// The dimensions after ONNX Unsqueeze: `axes` are positions in the result.
func unsqueezedDimensions(_ shape: [Int], _ axes: [Int], _ node: Node) throws(ONNXImportError) -> [Int] {
  let added = try normalizedAxes(axes, rank: shape.count + axes.count, node)
  var result = shape
  for axis in added { result.insert(1, at: axis) }
  return result
}

/// The dimensions after ONNX Squeeze; nil axes remove every dimension of 1.
func squeezedDimensions(_ shape: [Int], _ axes: [Int]?, _ node: Node) throws(ONNXImportError) -> [Int] {
  guard let axes else { return shape.filter { $0 != 1 } }
  let removed = try normalizedAxes(axes, rank: shape.count, node)
  for axis in removed where shape[axis] != 1 { throw node.error("dimension \(axis) of shape \(shape) is not 1") }
  return shape.indices.filter { !removed.contains($0) }.map { shape[$0] }
}

/// The `perm` of ONNX Transpose; without it the axes are reversed.
func transposition(_ node: Node, rank: Int) throws(ONNXImportError) -> [Int] {
  let permutation = try node.ints("perm") ?? Array((0..<rank).reversed())
  guard permutation.sorted() == Array(0..<rank) else {
    throw node.error("perm \(permutation) does not fit a tensor with \(rank) dimensions")
  }
  return permutation
}

/// The sizes of the parts of ONNX Split: stated, or as even as possible with the last part smaller.
func splitSizes(_ node: Node, _ extent: Int, stated: [Int]?) throws(ONNXImportError) -> [Int] {
  if let stated {
    guard stated.count == node.outputs.count, stated.allSatisfy({ 0...extent ~= $0 }), stated.reduce(0, +) == extent else {
      throw node.error("parts \(stated) do not fit a dimension of \(extent) and \(node.outputs.count) outputs")
    }
    return stated
  }
  let parts = try node.int("num_outputs", default: node.outputs.count)
  guard parts == node.outputs.count, parts > 0 else {
    throw node.error("num_outputs \(parts), but \(node.outputs.count) outputs")
  }
  let size = (extent + parts - 1) / parts
  let sizes = (0..<parts).map { min(size, max(0, extent - $0 * size)) }
  guard node.opset >= 18 || sizes.allSatisfy({ $0 == size }) else {
    throw node.error("a dimension of \(extent) does not divide into \(parts) equal parts")
  }
  return sizes
}

/// What ONNX Slice takes of one axis.
struct SliceRange: Equatable {
  var start: Int
  var step: Int
  var count: Int

  func isWhole(_ extent: Int) -> Bool { start == 0 && step == 1 && count == extent }

  /// One range for each axis of `shape`; axes that are not mentioned are taken whole.
  static func ranges(
    _ node: Node, _ shape: [Int], starts: [Int]?, ends: [Int]?, axes: [Int]?,
    steps: [Int]?
  ) throws(ONNXImportError) -> [SliceRange] {
    guard let starts, let ends, starts.count == ends.count else { throw node.error("starts and ends do not match") }
    let stated = axes ?? Array(starts.indices)
    let strides = steps ?? Array(repeating: 1, count: starts.count)
    guard stated.count == starts.count, strides.count == starts.count else {
      throw node.error("axes or steps do not match starts")
    }
    var result = shape.map { SliceRange(start: 0, step: 1, count: $0) }
    for index in starts.indices {
      let axis = try normalizedAxis(stated[index], rank: shape.count, node)
      let (extent, step) = (shape[axis], strides[index])
      guard step != 0, step != .min else { throw node.error("the step is \(step)") }
      let clampsTo = step > 0 ? 0...extent : -1...(extent - 1)
      func position(_ value: Int) -> Int {
        let fromStart = value < 0 ? value + extent : value
        return min(max(fromStart, clampsTo.lowerBound), clampsTo.upperBound)
      }
      let first = min(max(starts[index] < 0 ? starts[index] + extent : starts[index], 0), step > 0 ? extent : max(extent - 1, 0))
      let last = position(ends[index])
      let span = step > 0 ? last - first : first - last
      let magnitude = abs(step)
      result[axis] = SliceRange(start: first, step: step, count: span <= 0 ? 0 : (span - 1) / magnitude + 1)
    }
    return result
  }
}
