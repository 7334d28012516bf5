import TinyNN

extension Translation {
  static let normalizationRules: [String: Rule] = [
    "BatchNormalization": { (translation) throws(ONNXImportError) in [try translation.batchNormalization()] },
    "LayerNormalization": { (translation) throws(ONNXImportError) in [try translation.layerNormalization(centres: true)] },
    "RMSNormalization": { (translation) throws(ONNXImportError) in [try translation.layerNormalization(centres: false)] },
    "SimplifiedLayerNormalization": { (translation) throws(ONNXImportError) in [try translation.layerNormalization(centres: false)]
    },
    "InstanceNormalization": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      guard x.shape.count >= 2 else { throw translation.node.error("an input of shape \(x.shape) has no channels") }
      return [try translation.groupNormalization(x, groups: x.shape[1])]
    },
    "LRN": { (translation) throws(ONNXImportError) in
      let node = translation.node
      guard let size = try node.int("size"), 1...32768 ~= size else { throw node.error("the size is missing or out of range") }
      let operation = LocalResponseNormalization(
        size: size, alpha: try node.float("alpha", default: 1e-4), beta: try node.float("beta", default: 0.75),
        bias: try node.float("bias", default: 1))
      return [
        try translation.onFeatureMap(try translation.operand(0)) { (image) throws(ONNXImportError) in
          try translation.emit(operation, image)
        }
      ]
    },
    "GroupNormalization": { (translation) throws(ONNXImportError) in
      let groups = try translation.node.int("num_groups", default: 0)
      return [try translation.groupNormalization(try translation.operand(0), groups: groups)]
    },
  ]

  /// Over all axes from `axis` on together.
  private func layerNormalization(centres: Bool) throws(ONNXImportError) -> Value {
    try node.requireInputs(2...3)
    let x = try operand(0)
    let axis = try normalizedAxis(try node.int("axis", default: -1), rank: x.shape.count, node)
    let inner = Array(x.shape[axis...])
    let count = inner.reduce(1, *)
    let rows = try reshaped(x, Array(x.shape[..<axis]) + [count])
    let result = try normalizedRows(
      rows, scale: try vector(1, inner), shift: try optionalConstant(2) == nil ? nil : vector(2, inner), centres: centres)
    return try reshaped(result, x.shape)
  }

  /// Each group of channels over its pixels, then a factor and an addend per channel, or per group before operator set 21.
  private func groupNormalization(_ x: Value, groups: Int) throws(ONNXImportError) -> Value {
    try node.requireInputs(3...3)
    guard x.shape.count >= 2, groups > 0, x.shape[1] % groups == 0 else {
      throw node.error("\(groups) groups do not fit an input of shape \(x.shape)")
    }
    let (batch, channels) = (x.shape[0], x.shape[1])
    let rows = try reshaped(x, [batch, groups, x.count / batch / groups])
    var result = try reshaped(try normalizedRows(rows, scale: nil, shift: nil, centres: true), x.shape)
    for (index, function) in [(1, Binary.Function.multiply), (2, .add)] {
      let values = try constant(index)
      guard values.count == channels || values.count == groups else {
        throw node.error("input \(index) has \(values.count) elements for \(channels) channels")
      }
      let repeats = channels / values.count
      let floats = values.floats.flatMap { Array(repeating: $0, count: repeats) }
      let shape = [channels] + Array(repeating: 1, count: x.shape.count - 2)
      result = try binary(function, result, .constant(HostTensor(shape, floats: floats)))
    }
    return result
  }

  private func normalizedRows(_ rows: Value, scale: HostTensor?, shift: HostTensor?, centres: Bool) throws(ONNXImportError) -> Value
  {
    let epsilon = try node.float("epsilon", default: 1e-5)
    guard epsilon >= 0, epsilon.isFinite, let count = rows.shape.last else { throw node.error("an epsilon of \(epsilon)") }
    let ones = HostTensor([count], floats: Array(repeating: 1, count: count))
    let zeros = HostTensor([count], floats: Array(repeating: 0, count: count))
    return try emit(
      LayerNormalization(epsilon: epsilon, centres: centres), rows, .constant(scale ?? ones), .constant(shift ?? zeros))
  }

  /// Constant input `index`, repeated to `shape`, as a vector.
  private func vector(_ index: Int, _ shape: [Int]) throws(ONNXImportError) -> HostTensor {
    let values = try constant(index)
    guard broadcastShape(values.shape, shape) == shape else {
      throw node.error("input \(index) of shape \(values.shape) does not fit \(shape)")
    }
    return values.broadcast(to: shape).reshaped([shape.reduce(1, *)])
  }

  /// With fixed statistics a factor and an addend per channel, which the compiler folds into the layer before.
  private func batchNormalization() throws(ONNXImportError) -> Value {
    try node.requireInputs(5...5)
    let x = try operand(0)
    guard try !node.bool("training_mode", default: false) else {
      throw node.unsupported("training_mode is on; export the model in evaluation mode")
    }
    guard x.shape.count >= 2 else { throw node.error("an input of shape \(x.shape) has no channels") }
    let channels = x.shape[1]
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    var statistics: [[Float]] = []
    for index in 1...4 {
      let values = try constant(index)
      guard values.count == channels else {
        throw node.error("input \(index) has \(values.count) elements for \(channels) channels")
      }
      statistics.append(values.floats)
    }
    var (factors, addends) = ([Float](), [Float]())
    for channel in 0..<channels {
      let variance = Double(statistics[3][channel]) + epsilon
      guard variance > 0 else { throw node.error("the variance of channel \(channel) is negative") }
      let factor = Double(statistics[0][channel]) / variance.squareRoot()
      factors.append(Float(factor))
      addends.append(Float(Double(statistics[1][channel]) - Double(statistics[2][channel]) * factor))
    }
    let shape = [channels] + Array(repeating: 1, count: x.shape.count - 2)
    let product = try binary(.multiply, x, .constant(HostTensor(shape, floats: factors)))
    return try binary(.add, product, .constant(HostTensor(shape, floats: addends)))
  }
}
