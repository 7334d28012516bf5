extension ConstantFolding {
  static let normalizationRules: [String: Rule] = [
    // Weight standardisation, which exporters write as a batch normalisation of the weights in training mode.
    "BatchNormalization": { (folding) throws(ONNXImportError) in
      let x = try folding.input(0)
      let parameters = try (1...4).map { (index) throws(ONNXImportError) in try folding.input(index).floats }
      guard x.shape.count >= 2, parameters.allSatisfy({ $0.count == x.shape[1] }) else {
        throw folding.node.error("\(parameters.map(\.count)) parameters for shape \(x.shape)")
      }
      let epsilon = try folding.node.float("epsilon", default: 1e-5), momentum = try folding.node.float("momentum", default: 0.9)
      let trains = try folding.node.bool("training_mode", default: false)
      let (channels, inner) = (x.shape[1], x.shape[2...].reduce(1, *))
      var elements = x.floats
      var (means, variances) = (parameters[2], parameters[3])
      for channel in 0..<channels {
        let places = (0..<x.shape[0]).flatMap { image in
          let start = (image * channels + channel) * inner
          return start..<start + inner
        }
        if trains, !places.isEmpty {
          let mean = places.reduce(0) { $0 + Double(elements[$1]) } / Double(places.count)
          let variance =
            places.reduce(0) { $0 + (Double(elements[$1]) - mean) * (Double(elements[$1]) - mean) } / Double(places.count)
          (means[channel], variances[channel]) = (Float(mean), Float(variance))
        }
        let factor = parameters[0][channel] / (variances[channel] + epsilon).squareRoot()
        for place in places { elements[place] = (elements[place] - means[channel]) * factor + parameters[1][channel] }
      }
      let result = HostTensor(x.shape, floats: elements)
      guard trains else { return [result] }
      let running = zip([parameters[2], parameters[3]], [means, variances]).map { old, new in
        HostTensor([channels], floats: zip(old, new).map { momentum * $0 + (1 - momentum) * $1 })
      }
      return [result] + running
    }
  ]
}
