import TinyNN

extension Translation {
  static let poolingRules: [String: Rule] = [
    "MaxPool": { (translation) throws(ONNXImportError) in [try translation.pooling(.maximum)] },
    "AveragePool": { (translation) throws(ONNXImportError) in [try translation.pooling(.average)] },
    "GlobalAveragePool": { (translation) throws(ONNXImportError) in
      [
        try translation.onFeatureMap(try translation.operand(0)) { (image) throws(ONNXImportError) in
          try translation.emit(GlobalAveragePool(), image)
        }
      ]
    },
    "LpPool": { (translation) throws(ONNXImportError) in
      try translation.powerMean { (x) throws(ONNXImportError) in try translation.pooling(.sum, of: x) }
    },
    "GlobalLpPool": { (translation) throws(ONNXImportError) in
      try translation.powerMean { (x) throws(ONNXImportError) in
        try translation.reduced(.sum, x, Array(x.shape.indices.dropFirst(2)))
      }
    },
    "GlobalMaxPool": { (translation) throws(ONNXImportError) in
      [
        try translation.onFeatureMap(try translation.operand(0)) { (image) throws(ONNXImportError) in
          try translation.emit(Pool(.maximum, window: Window(height: image.shape[1], width: image.shape[2])), image)
        }
      ]
    },
  ]

  /// The p-th root of the sums of p-th powers of magnitudes.
  private func powerMean(_ sums: (Value) throws(ONNXImportError) -> Value) throws(ONNXImportError) -> [Value] {
    let x = try operand(0)
    switch try node.int("p", default: 2) {
    case 1: return [try sums(try binary(.maximum, x, try scaled(x, by: -1)))]
    case 2: return [try activated(try sums(try binary(.multiply, x, x)), Activation(.sqrt))]
    case let p: throw node.unsupported("p \(p)")
    }
  }

  private func pooling(_ function: Pool.Function, of value: Value? = nil) throws(ONNXImportError) -> Value {
    let first = try operand(0)
    let input = value ?? first
    guard input.shape.count >= 3, let kernel = try node.ints("kernel_shape") else {
      throw node.error("kernel_shape is missing, or the input of shape \(input.shape) has no spatial axis")
    }
    guard node.outputs.count == 1 || node.outputs[1].isEmpty else { throw node.unsupported("the indices of the maxima") }
    let window = try window(kernel: kernel, input: input.shape)
    let pool = Pool(
      function, window: window, ceiling: try node.bool("ceil_mode", default: false),
      countsPadding: try node.bool("count_include_pad", default: false))
    return try onFeatureMap(input) { (image) throws(ONNXImportError) in try emit(pool, image) }
  }
}
