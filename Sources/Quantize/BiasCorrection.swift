import ModelCompiler
import TinyNN

extension Int8Lowering {
  /// Moves the bias of every int8 layer so that its mean result before the activation, over the calibration photos, is that
  /// of the float32 layer: b + W E[x] - Wq E[xq] (Nagel et al. 2019, section 4.2, empirical). The means of the inputs of one
  /// layer depend on the corrections before it, so it is repeated.
  mutating func correctBiases(
    _ photos: CalibrationSet, _ statistics: [Graph.TensorID: TensorStatistics], rounds: Int = 2, progress: (Int) -> Void = { _ in }
  ) throws {
    for round in 0..<rounds {
      let result = try lowered()
      let layers = result.int8Nodes.filter { source.weightChannelAxis(of: source.nodes[$0]) != nil }
      let inputs = layers.map { result.int8[source.nodes[$0].inputs[0]]! }
      let probe = try GraphProbe(result.graph, observing: inputs, threads: photos.threads)
      var seen = inputs.map { tensor in
        let shape = result.graph.shape(tensor)
        return TensorStatistics(channels: shape[shape.rank - 1])
      }
      for (done, photo) in photos.inputs.enumerated() {
        probe.run(photo)
        for index in layers.indices { probe.withValues(index) { seen[index].addRange($0) } }
        progress(round * photos.inputs.count + done + 1)
      }
      for (index, layer) in layers.enumerated() {
        let node = source.nodes[layer]
        guard let weights = source.floats(node.inputs[1]), let means = statistics[node.inputs[0]]?.channelMeans else { continue }
        let quantized = quantizedWeights(layer, inputScale: maps[node.inputs[0]]!.scale)
        let shape = source.shape(node.inputs[1]), axis = source.weightChannelAxis(of: node)!
        let inner = shape.count(in: axis + 1..<shape.rank)
        let real = quantized.values.indices.map { quantized.dequantize($0, channels: shape[axis], inner: inner) }
        let wanted = source.meanResponse(of: node, weights, means), found = source.meanResponse(of: node, real, seen[index].channelMeans)
        biasCorrections[layer] = zip(wanted, found).map { $0 - $1 }
      }
    }
  }

  /// The weights of a layer as the lowering takes them.
  func quantizedWeights(_ index: Int, inputScale: Float) -> WeightQuantization {
    if let rounded = roundedWeights[index] { return rounded }
    let node = source.nodes[index]
    let shape = source.shape(node.inputs[1]), axis = source.weightChannelAxis(of: node)!
    let bias = source.floats(node.inputs[2])!.enumerated().map { Double($1) + (biasCorrections[index]?[$0] ?? 0) }
    return WeightQuantization(
      source.floats(node.inputs[1])!, channels: shape[axis], inner: shape.count(in: axis + 1..<shape.rank), bias: bias, inputScale: inputScale)
  }
}

extension Graph {
  /// The mean of a layer's result, without its bias and activation, per output channel, if its input has these means per
  /// channel everywhere in the image. Taps in the padding count as often as windows have them.
  func meanResponse(of node: Node, _ weights: [Float], _ means: [Double]) -> [Double] {
    let shape = shape(node.inputs[1]), axis = weightChannelAxis(of: node)!
    var response = [Double](repeating: 0, count: shape[axis])
    if let it = node.decoded(DepthwiseConvolution.self) {
      let parts = it.window.coverage(self.shape(node.inputs[0]), self.shape(node.outputs[0]))
      for (i, weight) in weights.enumerated() {
        let (tap, channel) = (i / means.count, i % means.count)
        response[channel] += Double(weight) * parts[tap] * means[channel]
      }
    } else if let it = node.decoded(Convolution.self) {
      let parts = it.window.coverage(self.shape(node.inputs[0]), self.shape(node.outputs[0]))
      let (channels, perGroup) = (shape[3], shape[0] / it.groups)
      for (i, weight) in weights.enumerated() {
        let (output, tap, channel) = (i / (parts.count * channels), i / channels % parts.count, i % channels)
        response[output] += Double(weight) * parts[tap] * means[output / perGroup * channels + channel]
      }
    } else {
      for (i, weight) in weights.enumerated() { response[i / means.count] += Double(weight) * means[i % means.count] }
    }
    return response
  }
}

extension Window {
  /// The part of all output pixels for which each tap (y, x) lies inside the image.
  fileprivate func coverage(_ input: Shape, _ output: Shape) -> [Double] {
    func parts(_ taps: Int, _ stride: Int, _ dilation: Int, _ pad: Int, _ input: Int, _ output: Int) -> [Double] {
      (0..<taps).map { tap in
        let inside = (0..<output).count { (0..<input).contains($0 * stride - pad + tap * dilation) }
        return Double(inside) / Double(output)
      }
    }
    let rows = parts(height, strideY, dilationY, padTop, input[1], output[1])
    let columns = parts(width, strideX, dilationX, padLeft, input[2], output[2])
    return rows.flatMap { row in columns.map { row * $0 } }
  }
}
