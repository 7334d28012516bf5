import TinyNN

extension Translation {
  static let shapeRules: [String: Rule] = [
    "Identity": { (translation) throws(ONNXImportError) in [try translation.operand(0)] },
    "Dropout": { (translation) throws(ONNXImportError) in
      if let training = translation.optionalOperand(2), training.constant?.floats.allSatisfy({ $0 == 0 }) != true {
        throw translation.node.unsupported("training_mode is on; export the model in evaluation mode")
      }
      return [try translation.operand(0)]
    },
    "CastLike": { (translation) throws(ONNXImportError) in
      let type: Onnx_TensorProto.DataType =
        switch try translation.operand(1).kind {
        case .real: .float
        case .integer: .int64
        case .byte: .uint8
        case .boolean: .bool
        }
      return [try translation.cast(try translation.operand(0), to: type)]
    },
    "Cast": { (translation) throws(ONNXImportError) in
      guard let type = Onnx_TensorProto.DataType(rawValue: try translation.node.int("to") ?? 0) else {
        throw translation.node.error("attribute to is missing or unknown")
      }
      return [try translation.cast(try translation.operand(0), to: type)]
    },
    "Shape": { (translation) throws(ONNXImportError) in
      let shape = try translation.operand(0).shape
      func position(_ attribute: String, _ fallback: Int) throws(ONNXImportError) -> Int {
        let stated = try translation.node.int(attribute, default: fallback)
        return min(max(stated < 0 ? stated + shape.count : stated, 0), shape.count)
      }
      let (start, end) = (try position("start", 0), try position("end", shape.count))
      return [.constant(HostTensor(integers: Array(shape[min(start, end)..<end])))]
    },
    "Size": { (translation) throws(ONNXImportError) in
      [.constant(HostTensor([], integers: [Int64(try translation.operand(0).count)]))]
    },
    "Reshape": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      guard let target = try translation.integers(input: 1, orAttribute: "shape") else {
        throw translation.node.error("the shape is missing")
      }
      let allowZero = try translation.node.bool("allowzero", default: false)
      return [try translation.reshaped(x, try reshapedDimensions(x.shape, target, allowZero: allowZero, translation.node))]
    },
    "Flatten": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let rank = x.shape.count
      let axis = try translation.node.int("axis", default: 1)
      let split = axis == rank ? rank : try normalizedAxis(axis, rank: max(rank, 1), translation.node)
      return [try translation.reshaped(x, [x.shape[..<split].reduce(1, *), x.shape[split...].reduce(1, *)])]
    },
    "Squeeze": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let axes = try translation.integers(input: 1, orAttribute: "axes")
      return [try translation.reshaped(x, try squeezedDimensions(x.shape, axes, translation.node))]
    },
    "Unsqueeze": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      guard let axes = try translation.integers(input: 1, orAttribute: "axes") else {
        throw translation.node.error("the axes are missing")
      }
      return [try translation.reshaped(x, try unsqueezedDimensions(x.shape, axes, translation.node))]
    },
    "Transpose": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      return [try translation.transposed(x, try transposition(translation.node, rank: x.shape.count))]
    },
    "DepthToSpace": { (translation) throws(ONNXImportError) in
      let (x, size) = try translation.blocks()
      let (n, c, h, w) = (x.shape[0], x.shape[1] / (size * size), x.shape[2], x.shape[3])
      guard c > 0, x.shape[1] % (size * size) == 0 else {
        throw translation.node.error("blocks of \(size) do not fit shape \(x.shape)")
      }
      let isColumnFirst = try translation.node.string("mode") == "CRD"
      let split = try translation.reshaped(x, isColumnFirst ? [n, c, size, size, h, w] : [n, size, size, c, h, w])
      let moved = try translation.transposed(split, isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
      return [try translation.reshaped(moved, [n, c, h * size, w * size])]
    },
    "SpaceToDepth": { (translation) throws(ONNXImportError) in
      let (x, size) = try translation.blocks()
      let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / size, x.shape[3] / size)
      guard h * size == x.shape[2], w * size == x.shape[3] else {
        throw translation.node.error("blocks of \(size) do not fit shape \(x.shape)")
      }
      let split = try translation.reshaped(x, [n, c, h, size, w, size])
      let isColumnFirst = try translation.node.string("mode") == "CRD"
      let moved = try translation.transposed(split, isColumnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
      return [try translation.reshaped(moved, [n, c * size * size, h, w])]
    },
  ]

  private func blocks() throws(ONNXImportError) -> (Value, Int) {
    let x = try operand(0)
    guard let size = try node.int("blocksize"), size > 0, size < 1 << 15, x.shape.count == 4 else {
      throw node.error("blocksize is missing, or the input of shape \(x.shape) is no image")
    }
    return (x, size)
  }
}
