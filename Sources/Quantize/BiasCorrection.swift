import ModelCompiler
import TinyNN

extension Int8Lowering {
  /// Moves the bias of every layer so that the rounding of its weights does not move the mean of its result before the
  /// activation: b + (W - Wq) E[x] with the means of the calibration photos (Nagel et al. 2019, section 4.2).
  mutating func correctBiases(_ statistics: [Graph.TensorID: TensorStatistics]) {
    for (index, node) in source.nodes.enumerated() {
      guard source.weightForm(of: node) != nil, let weights = source.floats(node.inputs[1]),
        let seen = statistics[node.inputs[0]], let map = maps[node.inputs[0]]
      else { continue }
      let quantized = quantizedWeights(index, inputScale: map.scale)
      let errors = weights.indices.map { weights[$0] - quantized.dequantize($0) }
      biasCorrections[index] = source.meanResponse(of: node, errors, seen.channelMeans)
    }
  }

  /// Moves the bias of every layer so that the mean of its result before the activation is that of the float32 network,
  /// although its input comes from the int8 network: layer after layer, b + W E[x] - Wq E[xq] (Nagel et al. 2019, appendix D).
  mutating func correctBiasesEmpirically(_ photos: CalibrationSet, progress: (Int, Int) -> Void) throws {
    // Of the same photos: means differ more between photos than rounding moves them.
    let statistics = try photos.statistics(of: source, histograms: false)
    let layers = source.nodes.indices.filter { source.weightForm(of: source.nodes[$0]) != nil }
    for (done, index) in layers.enumerated() {
      let node = source.nodes[index], input = node.inputs[0]
      let result = try lowered()
      guard let weights = source.floats(node.inputs[1]), let seen = statistics[input], let map = maps[input],
        result.int8Nodes.contains(index),
        let observed = result.int8[input]
      else { continue }
      let means = try photos.channelMeans(of: observed, in: result.graph)
      let quantized = quantizedWeights(index, inputScale: map.scale)
      let rounded = weights.indices.map(quantized.dequantize)
      let wanted = source.meanResponse(of: node, weights, seen.channelMeans), found = source.meanResponse(of: node, rounded, means)
      biasCorrections[index] = zip(wanted, found).map { $0 - $1 }
      progress(done + 1, layers.count)
    }
  }

  /// The weights of a layer as the lowering takes them.
  func quantizedWeights(_ index: Int, inputScale: Float) -> WeightQuantization {
    roundedWeights[index] ?? nearestWeights(index, inputScale: inputScale)
  }

  /// The weights of a layer, each rounded to the nearest.
  func nearestWeights(_ index: Int, inputScale: Float) -> WeightQuantization {
    let node = source.nodes[index]
    let bias = source.floats(node.inputs[2])!.enumerated().map { Double($1) + (biasCorrections[index]?[$0] ?? 0) }
    return WeightQuantization(
      source.floats(node.inputs[1])!, source.weightLayout(of: node)!, bias: bias, inputScale: inputScale)
  }
}

extension Graph {
  /// The mean of a layer's result, without its bias and activation, per output channel, if its input has these means per
  /// channel everywhere in the image. Taps in the padding count as often as windows have them.
  func meanResponse(of node: Node, _ weights: [Float], _ means: [Double]) -> [Double] {
    let form = weightForm(of: node)!, layout = weightLayout(of: node)!
    let parts = form.window?.coverage(shape(node.inputs[0]), shape(node.outputs[0])) ?? [1]
    let sets = form.isDepthwise ? layout.channels : form.groups
    let perTap = means.count / sets, channelsOfSet = layout.channels / sets
    return (0..<layout.channels).map { channel in
      let first = channel / channelsOfSet * perTap
      var response = 0.0
      for k in 0..<layout.depth {
        response += Double(weights[layout.element(k, of: channel)]) * parts[k / perTap] * means[first + k % perTap]
      }
      return response
    }
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

extension CalibrationSet {
  /// Means of a tensor, dequantized, per channel.
  fileprivate func channelMeans(of tensor: Graph.TensorID, in graph: Graph) throws -> [Double] {
    let probe = try GraphProbe(graph, observing: [tensor], threads: threads)
    let shape = graph.shape(tensor)
    var seen = TensorStatistics(channels: shape[shape.rank - 1])
    for photo in inputs {
      probe.run(photo)
      probe.withValues(0) { seen.addRange($0) }
    }
    return seen.channelMeans
  }
}
