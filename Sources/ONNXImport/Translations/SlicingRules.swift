import TinyNN

extension Translation {
  static let slicingRules: [String: Rule] = [
    "Concat": { (translation) throws(ONNXImportError) in
      let first = try translation.operand(0)
      let axis = try normalizedAxis(try translation.node.int("axis", default: 1), rank: first.shape.count, translation.node)
      var parts: [Value] = []
      for index in translation.operands.indices { parts.append(try translation.operand(index)) }
      return [try translation.concatenated(parts, axis)]
    },
    "Slice": { (translation) throws(ONNXImportError) in
      var x = try translation.operand(0)
      let ranges = try SliceRange.ranges(
        translation.node, x.shape, starts: translation.integers(input: 1, orAttribute: "starts"),
        ends: translation.integers(input: 2, orAttribute: "ends"), axes: translation.integers(input: 3, orAttribute: "axes"),
        steps: translation.integers(input: 4, orAttribute: nil))
      for (axis, range) in ranges.enumerated() { x = try translation.sliced(x, axis, range) }
      return [x]
    },
    "Split": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let axis = try normalizedAxis(try translation.node.int("axis", default: 0), rank: x.shape.count, translation.node)
      let stated = try translation.integers(input: 1, orAttribute: "split")
      var start = 0
      var parts: [Value] = []
      for size in try splitSizes(translation.node, x.shape[axis], stated: stated) {
        parts.append(try translation.sliced(x, axis, SliceRange(start: start, step: 1, count: size)))
        start += size
      }
      return parts
    },
    "Tile": { (translation) throws(ONNXImportError) in
      var x = try translation.operand(0)
      guard let repeats = try translation.integers(input: 1, orAttribute: nil), repeats.count == x.shape.count,
        repeats.allSatisfy({ $0 > 0 })
      else { throw translation.node.error("the repeats do not fit shape \(x.shape)") }
      for (axis, count) in repeats.enumerated() where count > 1 {
        let extent = x.shape[axis]
        guard count <= ConstantFolding.largestElementCount / extent else { throw translation.node.unsupported("\(count) repeats") }
        x = try translation.gathered(x, axis, (0..<extent * count).map { $0 % extent })
      }
      return [x]
    },
    "Gather": { (translation) throws(ONNXImportError) in [try translation.gathered()] },
    "ScatterND": { (translation) throws(ONNXImportError) in [try translation.scattered()] },
    "Pad": { (translation) throws(ONNXImportError) in [try translation.padded()] },
  ]

  private func concatenated(_ parts: [Value], _ axis: Int) throws(ONNXImportError) -> Value {
    guard parts.count <= 4096 else { throw node.unsupported("more than 4096 parts are joined") }
    return parts.count == 1 ? parts[0] : try emit(Concatenate(axis: axis), parts)
  }

  private func sliced(_ x: Value, _ axis: Int, _ range: SliceRange) throws(ONNXImportError) -> Value {
    if range.isWhole(x.shape[axis]) { return x }
    guard range.count > 0 else { throw node.unsupported("an empty part of axis \(axis) of shape \(x.shape)") }
    return try emit(Slice(axis: axis, start: range.start, step: range.count == 1 ? 1 : range.step, extent: range.count), x)
  }

  /// Constant indices: equally spaced ones are a slice.
  private func gathered() throws(ONNXImportError) -> Value {
    let (x, indices) = (try operand(0), try constant(1))
    let axis = try normalizedAxis(try node.int("axis", default: 0), rank: x.shape.count, node)
    guard let stated = indices.integers else { throw node.error("the indices are floats") }
    var rows: [Int] = []
    for index in stated {
      let row = index < 0 ? Int(index) + x.shape[axis] : Int(index)
      guard x.shape[axis] > row, row >= 0 else { throw node.error("index \(index) of a dimension of \(x.shape[axis])") }
      rows.append(row)
    }
    return try reshaped(try gathered(x, axis, rows), Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...]))
  }

  /// The stated positions of one axis.
  func gathered(_ x: Value, _ axis: Int, _ rows: [Int]) throws(ONNXImportError) -> Value {
    guard let first = rows.first else { throw node.unsupported("no indices") }
    let step = rows.count > 1 ? rows[1] - first : 1
    if step != 0, rows.indices.allSatisfy({ rows[$0] == first + $0 * step }) {
      return try sliced(x, axis, SliceRange(start: first, step: step, count: rows.count))
    }
    guard rows.count <= ConstantFolding.largestElementCount else { throw node.unsupported("\(rows.count) indices") }
    return try emit(Gather(axis: axis), x, positions(rows))
  }

  /// Updates at constant indices, as an assignment to a slice is exported: rows of the data and of the updates, joined, in their
  /// new order.
  private func scattered() throws(ONNXImportError) -> Value {
    try node.requireInputs(3...3)
    let (data, indices, updates) = (try operand(0), try constant(1), try operand(2))
    guard let positions = indices.integers else { throw node.error("the indices are floats") }
    let places = try ScatterPlaces(node, data.shape, indices.shape, positions.map { Int($0) }, updates.shape).joined(data.shape)
    guard !places.starts.isEmpty else { return data }
    let rows = data.count / places.length
    var order = Array(0..<rows)
    for (index, start) in places.starts.enumerated() { order[start / places.length] = rows + index }
    let parts = [try reshaped(data, [rows, places.length]), try reshaped(updates, [places.starts.count, places.length])]
    return try reshaped(try gathered(try concatenated(parts, 0), 0, order), data.shape)
  }

  /// Pad: `pads` holds all beginnings, then all ends, of the stated axes; negative ones cut off.
  private func padded() throws(ONNXImportError) -> Value {
    var x = try operand(0)
    let rank = x.shape.count
    guard let pads = try integers(input: 1, orAttribute: node.has("pads") ? "pads" : "paddings") else {
      throw node.error("the pads are missing")
    }
    let axes = try integers(input: 3, orAttribute: nil) ?? Array(0..<rank)
    guard pads.count == 2 * axes.count else { throw node.error("pads \(pads) do not fit \(axes.count) axes") }
    var before = Array(repeating: 0, count: rank)
    var after = before
    for (index, axis) in axes.enumerated() {
      let axis = try normalizedAxis(axis, rank: rank, node)
      guard pads[index].magnitude < 1 << 15, pads[axes.count + index].magnitude < 1 << 15 else {
        throw node.unsupported("pads \(pads)")
      }
      before[axis] = max(0, pads[index])
      after[axis] = max(0, pads[axes.count + index])
      let (cutBefore, cutAfter) = (min(0, pads[index]), min(0, pads[axes.count + index]))
      x = try sliced(x, axis, SliceRange(start: -cutBefore, step: 1, count: x.shape[axis] + cutBefore + cutAfter))
    }
    if before.allSatisfy({ $0 == 0 }), after.allSatisfy({ $0 == 0 }) { return x }
    switch try node.string("mode") ?? "constant" {
    case "constant":
      _ = try checkedShape(x.shape)
      var pad = Pad(rank: rank, value: try scalar(input: 2, orAttribute: "value", default: 0))
      for axis in 0..<rank { (pad.before[axis], pad.after[axis]) = (before[axis], after[axis]) }
      return try emit(pad, x)
    case "edge", "reflect", "wrap":
      let mode = try node.string("mode") ?? ""
      for axis in 0..<rank where before[axis] + after[axis] > 0 {
        let extent = x.shape[axis]
        var rows: [Int] = []
        for position in -before[axis]..<extent + after[axis] { rows.append(padded(position, extent, mode)) }
        x = try gathered(x, axis, rows)
      }
      return x
    case let mode: throw node.unsupported("mode \(mode)")
    }
  }

  /// The position inside of 0 ..< `extent` that a position outside repeats; reflections go back and forth.
  private func padded(_ position: Int, _ extent: Int, _ mode: String) -> Int {
    func remainder(_ value: Int, _ period: Int) -> Int { ((value % period) + period) % period }
    switch mode {
    case "edge": return min(max(position, 0), extent - 1)
    case "wrap": return remainder(position, extent)
    default:
      let place = remainder(position, max(1, 2 * (extent - 1)))
      return min(place, 2 * (extent - 1) - place)
    }
  }

  /// Every dimension of 1 repeated to the target's.
  func expanded(_ value: Value, to shape: [Int]) throws(ONNXImportError) -> Value {
    _ = try checkedShape(shape)
    var x = try reshaped(value, Array(repeating: 1, count: shape.count - value.shape.count) + value.shape)
    for axis in shape.indices.reversed() where x.shape[axis] != shape[axis] {
      guard shape[axis] <= ConstantFolding.largestElementCount else {
        throw node.unsupported("an expansion to shape \(shape) is too large")
      }
      x = try gathered(x, axis, Array(repeating: 0, count: shape[axis]))
    }
    return x
  }
}
