import TinyNN

extension Translation {
  static let normalizationRules: [String: Rule] = [
    "BatchNormalization": { (translation) throws(ONNXImportError) in [try translation.batchNormalization()] }
  ]

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
      guard values.count == channels else { throw node.error("input \(index) has \(values.count) elements for \(channels) channels") }
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
