import TinyNN

extension Translation {
  static let poolingRules: [String: Rule] = [
    "MaxPool": { (translation) throws(ONNXImportError) in [try translation.pooling(.maximum)] },
    "AveragePool": { (translation) throws(ONNXImportError) in [try translation.pooling(.average)] },
    "GlobalAveragePool": { (translation) throws(ONNXImportError) in
      [try translation.onFeatureMap(try translation.operand(0)) { (image) throws(ONNXImportError) in
        try translation.emit(GlobalAveragePool(), image)
      }]
    },
    "GlobalMaxPool": { (translation) throws(ONNXImportError) in
      [try translation.onFeatureMap(try translation.operand(0)) { (image) throws(ONNXImportError) in
        try translation.emit(Pool(.maximum, window: Window(height: image.shape[1], width: image.shape[2])), image)
      }]
    },
  ]

  private func pooling(_ function: Pool.Function) throws(ONNXImportError) -> Value {
    let input = try operand(0)
    guard input.shape.count >= 3, let kernel = try node.ints("kernel_shape") else {
      throw node.error("kernel_shape is missing, or the input of shape \(input.shape) has no spatial axis")
    }
    guard node.outputs.count == 1 || node.outputs[1].isEmpty else { throw node.unsupported("the indices of the maxima") }
    let window = try window(kernel: kernel, input: input.shape)
    let pool = Pool(function, window: window, ceiling: try node.bool("ceil_mode", default: false),
                    countsPadding: try node.bool("count_include_pad", default: false))
    return try onFeatureMap(input) { (image) throws(ONNXImportError) in try emit(pool, image) }
  }
}
