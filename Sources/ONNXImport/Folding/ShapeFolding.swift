extension ConstantFolding {
  /// Operators that move values without computing: what the Shape, Gather, Concat, Reshape chains of exporters consist of.
  static let shapeRules: [String: Rule] = [
    "Identity": { (folding) throws(ONNXImportError) in [try folding.input(0)] },
    "Dropout": { (folding) throws(ONNXImportError) in [try folding.input(0)] },
    "Cast": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      guard let code = try folding.node.int("to"), let type = Onnx_TensorProto.DataType(rawValue: code) else {
        throw folding.node.error("attribute to is missing or unknown")
      }
      return [try folding.cast(operand, type)]
    },
    "CastLike": { (folding) throws(ONNXImportError) in
      let (operand, like) = (try folding.input(0), try folding.input(1))
      return [try folding.cast(operand, like.isInteger ? .int64 : .float)]
    },
    "Size": { (folding) throws(ONNXImportError) in [HostTensor([], integers: [Int64(try folding.input(0).count)])] },
    "ConstantOfShape": { (folding) throws(ONNXImportError) in
      let shape = try folding.integers(0)
      try folding.checkCount(shape, limit: ConstantFolding.largestWeightCount)
      let value = try folding.node.tensor("value") ?? HostTensor([1], floats: [0])
      guard value.count == 1 else { throw folding.node.error("attribute value has \(value.count) elements, needs 1") }
      let count = shape.reduce(1, *)
      if let integer = value.integers?[0] { return [HostTensor(shape, integers: Array(repeating: integer, count: count))] }
      return [HostTensor(shape, floats: Array(repeating: value.floats[0], count: count))]
    },
    "Range": { (folding) throws(ONNXImportError) in
      let (start, limit, delta) = (try folding.input(0), try folding.input(1), try folding.input(2))
      guard start.count == 1, limit.count == 1, delta.count == 1 else { throw folding.node.error("inputs must be scalars") }
      let (first, last, step) = (Double(start.floats[0]), Double(limit.floats[0]), Double(delta.floats[0]))
      guard step != 0, step.isFinite, (last - first).isFinite else { throw folding.node.error("the step is \(step)") }
      let length = max(0, ((last - first) / step).rounded(.up))
      guard length <= Double(largestElementCount) else { throw folding.node.error("a range of \(length) elements is too large") }
      try folding.checkCount([Int(length)])
      if let a = start.integers?[0], let d = delta.integers?[0] {
        return [HostTensor([Int(length)], integers: (0..<Int64(length)).map { a &+ $0 &* d })]
      }
      return [HostTensor([Int(length)], floats: (0..<Int(length)).map { start.floats[0] + Float($0) * delta.floats[0] })]
    },
    "Reshape": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      guard let target = try folding.integers(input: 1, orAttribute: "shape") else {
        throw folding.node.error("the shape is missing")
      }
      let allowZero = try folding.node.bool("allowzero", default: false)
      return [operand.reshaped(try reshapedDimensions(operand.shape, target, allowZero: allowZero, folding.node))]
    },
    "Flatten": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let rank = operand.shape.count
      let axis = try folding.node.int("axis", default: 1)
      let split = axis == rank ? rank : try normalizedAxis(axis, rank: max(rank, 1), folding.node)
      return [operand.reshaped([operand.shape[..<split].reduce(1, *), operand.shape[split...].reduce(1, *)])]
    },
    "Unsqueeze": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      guard let axes = try folding.integers(input: 1, orAttribute: "axes") else { throw folding.node.error("the axes are missing") }
      return [operand.reshaped(try unsqueezedDimensions(operand.shape, axes, folding.node))]
    },
    "Squeeze": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let axes = try folding.integers(input: 1, orAttribute: "axes")
      return [operand.reshaped(try squeezedDimensions(operand.shape, axes, folding.node))]
    },
    "Transpose": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      return [operand.transposed(try transposition(folding.node, rank: operand.shape.count))]
    },
    "Expand": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let shape = try folding.broadcastShape([operand.shape, try folding.integers(1)])
      return [operand.broadcast(to: shape)]
    },
    "Tile": { (folding) throws(ONNXImportError) in
      let (operand, repeats) = (try folding.input(0), try folding.integers(1))
      guard repeats.count == operand.shape.count, repeats.allSatisfy({ $0 >= 0 }) else {
        throw folding.node.error("repeats \(repeats) do not fit shape \(operand.shape)")
      }
      try folding.checkCount(zip(operand.shape, repeats).flatMap { [$0, $1] })
      // [2, 3] tiled by [4, 5] is [1, 2, 1, 3] broadcast to [4, 2, 5, 3].
      let pairs = operand.reshaped(operand.shape.flatMap { [1, $0] })
      let tiled = pairs.broadcast(to: zip(operand.shape, repeats).flatMap { [$1, $0] })
      return [tiled.reshaped(zip(operand.shape, repeats).map { $0 * $1 })]
    },
    "CumSum": { (folding) throws(ONNXImportError) in try folding.runningSums() },
    "Trilu": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let rank = operand.shape.count
      guard rank >= 2 else { throw folding.node.error("an input of shape \(operand.shape) is no matrix") }
      let (columns, rows) = (operand.shape[rank - 1], operand.shape[rank - 2])
      let offset = folding.optionalInput(1)?.integers?.first.map(Int.init) ?? 0
      let isUpper = try folding.node.bool("upper", default: true)
      func isKept(_ index: Int) -> Bool {
        let (row, column) = (index / columns % rows, index % columns)
        return isUpper ? column - row >= offset : column - row <= offset
      }
      switch operand.values {
      case .floats(let elements):
        return [HostTensor(operand.shape, floats: elements.indices.map { isKept($0) ? elements[$0] : 0 })]
      case .integers(let elements):
        return [HostTensor(operand.shape, integers: elements.indices.map { isKept($0) ? elements[$0] : 0 })]
      }
    },
    "Concat": { (folding) throws(ONNXImportError) in [try folding.concatenated()] },
    "Gather": { (folding) throws(ONNXImportError) in [try folding.gathered()] },
    "Slice": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let slices = try SliceRange.ranges(
        folding.node, operand.shape, starts: folding.integers(input: 1, orAttribute: "starts"),
        ends: folding.integers(input: 2, orAttribute: "ends"),
        axes: folding.integers(input: 3, orAttribute: "axes"),
        steps: folding.optionalInput(4) == nil ? nil : folding.integers(4))
      let strides = rowMajorStrides(operand.shape)
      let start = zip(slices, strides).reduce(0) { $0 + $1.0.start * $1.1 }
      let shape = slices.map(\.count)
      return [operand.gathering(positions(shape, zip(slices, strides).map { $0.step * $1 }, from: start), shape)]
    },
    "Split": { (folding) throws(ONNXImportError) in
      let operand = try folding.input(0)
      let axis = try normalizedAxis(try folding.node.int("axis", default: 0), rank: operand.shape.count, folding.node)
      let sizes = try splitSizes(folding.node, operand.shape[axis], stated: folding.integers(input: 1, orAttribute: "split"))
      let strides = rowMajorStrides(operand.shape)
      var start = 0
      var results: [HostTensor] = []
      for size in sizes {
        var shape = operand.shape
        shape[axis] = size
        results.append(operand.gathering(positions(shape, strides, from: start * strides[axis]), shape))
        start += size
      }
      return results
    },
  ]

  private func cast(_ operand: HostTensor, _ type: Onnx_TensorProto.DataType) throws(ONNXImportError) -> HostTensor {
    switch type {
    case .float, .double: return HostTensor(operand.shape, floats: operand.floats)
    case .float16:
      return HostTensor(operand.shape, floats: operand.floats.map { float(halfBits: halfBits($0)) })
    case .bool:
      switch operand.values {
      case .floats(let elements): return HostTensor(operand.shape, integers: elements.map { $0 == 0 ? 0 : 1 })
      case .integers(let elements): return HostTensor(operand.shape, integers: elements.map { $0 == 0 ? 0 : 1 })
      }
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8:
      switch operand.values {
      case .floats(let elements):
        guard elements.allSatisfy({ abs($0) < 0x1p62 }) else { throw node.error("a value does not fit into an integer") }
        return HostTensor(operand.shape, integers: elements.map { Int64($0) })
      case .integers(let elements): return HostTensor(operand.shape, integers: elements)
      }
    default: throw node.unsupported("a cast to \(type) is not supported")
    }
  }

  /// Sums along an axis of all elements up to each one, or before it where `exclusive` is set, from the end where `reverse` is.
  private func runningSums() throws(ONNXImportError) -> [HostTensor] {
    let operand = try input(0)
    guard let stated = try input(1).integers?.first else { throw node.error("the axis is missing") }
    let axis = try normalizedAxis(Int(stated), rank: operand.shape.count, node)
    let isExclusive = try node.bool("exclusive", default: false), isReverse = try node.bool("reverse", default: false)
    let (extent, inner) = (operand.shape[axis], operand.shape[(axis + 1)...].reduce(1, *))
    func sums<Element>(_ elements: [Element], _ zero: Element, _ add: (Element, Element) -> Element) -> [Element] {
      var result = elements
      for line in 0..<elements.count / max(1, extent) {
        var sum = zero
        for step in 0..<extent {
          let index = (line / inner * extent + (isReverse ? extent - 1 - step : step)) * inner + line % inner
          let next = add(sum, elements[index])
          result[index] = isExclusive ? sum : next
          sum = next
        }
      }
      return result
    }
    switch operand.values {
    case .floats(let elements): return [HostTensor(operand.shape, floats: sums(elements, 0, +))]
    case .integers(let elements): return [HostTensor(operand.shape, integers: sums(elements, 0, &+))]
    }
  }

  private func concatenated() throws(ONNXImportError) -> HostTensor {
    let first = try input(0)
    let axis = try normalizedAxis(try node.int("axis", default: 1), rank: first.shape.count, node)
    var shape = first.shape
    shape[axis] = 0
    var operands: [HostTensor] = []
    for index in inputs.indices {
      let operand = try input(index)
      var rest = operand.shape
      guard rest.count == shape.count else { throw node.error("input \(index) has shape \(rest), the first \(first.shape)") }
      shape[axis] += rest[axis]
      rest[axis] = first.shape[axis]
      guard rest == first.shape else { throw node.error("input \(index) has shape \(operand.shape), the first \(first.shape)") }
      operands.append(operand)
    }
    try checkCount(shape)
    let outer = shape[..<axis].reduce(1, *)
    func joined<Element>(_ elements: [[Element]]) -> [Element] {
      (0..<outer).flatMap { row in
        elements.flatMap { part in
          let width = part.count / max(outer, 1)
          return part[row * width..<(row + 1) * width]
        }
      }
    }
    if operands.allSatisfy(\.isInteger) { return HostTensor(shape, integers: joined(operands.map { $0.integers ?? [] })) }
    return HostTensor(shape, floats: joined(operands.map(\.floats)))
  }

  private func gathered() throws(ONNXImportError) -> HostTensor {
    let (operand, indices) = (try input(0), try integers(1))
    let axis = try normalizedAxis(try node.int("axis", default: 0), rank: operand.shape.count, node)
    let extent = operand.shape[axis]
    var rows: [Int] = []
    for index in indices {
      let row = index < 0 ? index &+ extent : index
      guard (0..<extent).contains(row) else { throw node.error("index \(index) of a dimension of \(extent)") }
      rows.append(row)
    }
    let shape = Array(operand.shape[..<axis]) + (try input(1).shape) + Array(operand.shape[(axis + 1)...])
    try checkCount(shape)
    let inner = operand.shape[(axis + 1)...].reduce(1, *)
    let outer = operand.shape[..<axis].reduce(1, *)
    let sources = (0..<outer).flatMap { block in
      rows.flatMap { row in (0..<inner).map { (block * extent + row) * inner + $0 } }
    }
    return operand.gathering(sources, shape)
  }
}

/// The binary16 bit pattern nearest to `value`, ties to even; too large values become infinite.
func halfBits(_ value: Float) -> UInt16 {
  let sign = UInt16(value.sign == .minus ? 0x8000 : 0)
  let magnitude = abs(value)
  if magnitude.isNaN { return sign | 0x7E00 }
  if magnitude >= 65520 { return sign | 0x7C00 }
  if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
  let exponent = Int(magnitude.exponent)
  let scaled = (magnitude.significand * 1024).rounded(.toNearestOrEven)
  return sign | UInt16((exponent + 14) << 10 + Int(scaled))
}
