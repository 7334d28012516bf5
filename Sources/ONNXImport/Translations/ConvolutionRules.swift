import TinyNN

extension Translation {
  static let convolutionRules: [String: Rule] = [
    "Conv": { (translation) throws(ONNXImportError) in [try translation.convolution()] }
  ]

  /// Conv with weights [O, C / groups, kernel...]: depthwise where every channel has one filter of its own.
  private func convolution() throws(ONNXImportError) -> Value {
    try node.requireInputs(2...3)
    let input = try operand(0)
    var weights = try constant(1)
    guard input.shape.count >= 3, input.shape.count == weights.shape.count else {
      throw node.error("an input of shape \(input.shape) does not fit weights of shape \(weights.shape)")
    }
    let kernel = Array(weights.shape[2...])
    if let stated = try node.ints("kernel_shape"), stated != kernel {
      throw node.error("kernel_shape \(stated), but weights of shape \(weights.shape)")
    }
    let groups = try node.int("group", default: 1)
    let (channels, outputs) = (input.shape[1], weights.shape[0])
    guard groups > 0, groups <= channels, outputs % groups == 0, channels == weights.shape[1] * groups else {
      throw node.error("\(channels) channels in \(groups) groups do not fit weights of shape \(weights.shape)")
    }
    let bias = try optionalConstant(2) ?? HostTensor([outputs], floats: Array(repeating: 0, count: outputs))
    guard bias.shape == [outputs] else { throw node.error("a bias of shape \(bias.shape) for \(outputs) outputs") }
    let window = try window(kernel: kernel, input: input.shape)
    weights = weights.reshaped([outputs, weights.shape[1], window.height, window.width])

    return try onFeatureMap(input) { (image) throws(ONNXImportError) in
      if groups > 1, groups == channels, outputs == channels {
        let filters = weights.reshaped([channels, window.height, window.width]).transposed([1, 2, 0])
        return try emit(DepthwiseConvolution(window: window), image, .constant(filters), .constant(bias))
      }
      let filters = weights.transposed([0, 2, 3, 1])
      return try emit(Convolution(window: window, groups: groups), image, .constant(filters), .constant(bias))
    }
  }
}
