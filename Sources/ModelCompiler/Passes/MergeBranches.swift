import TinyNN

extension Graph {
  /// Adds parallel linear branches into one convolution: sums of convolutions of the same input, and of a convolution and its
  /// scaled input (Ding et al. 2021, "RepVGG", section 3.3; MobileOne trains with the same branches).
  public mutating func mergeBranches() {
    var changed = true
    while changed {
      changed = false
      let producers = producers(), counts = useCounts()
      for index in nodes.indices {
        guard let sum = nodes[index].decoded(Binary.self), sum.function == .add, sum.activation == .none else { continue }
        let (a, b) = (nodes[index].inputs[0], nodes[index].inputs[1])
        guard a != b, shape(a) == shape(b), let merged = merged(a, b, producers, counts) ?? merged(b, a, producers, counts) else {
          continue
        }
        var node = nodes[merged.node]
        node.inputs[1] = addConstant(node.name + ".weights", shape(node.inputs[1]), merged.weights)
        node.inputs[2] = addConstant(node.name + ".bias", shape(node.inputs[2]), merged.bias)
        node.outputs = nodes[index].outputs
        nodes[index] = node
        changed = true
        break
      }
      if changed { removeDeadNodes() }
    }
  }

  private struct Merged {
    /// The convolution with the larger window, whose attributes stay.
    let node: Int
    let weights, bias: [Float]
  }

  /// A convolution with a window, weights [outputs, taps, inputs of its group] and bias.
  private struct Branch {
    var input: TensorID
    var window: Window
    var weights, bias: [Float]
  }

  private func merged(_ a: TensorID, _ b: TensorID, _ producers: [TensorID: Int], _ counts: [Int]) -> Merged? {
    guard counts[a] == 1, counts[b] == 1, let index = producers[a], let whole = convolution(index) else { return nil }
    let depthwise = nodes[index].kind == .depthwiseConvolution
    guard let part = branch(b, like: index, producers), part.input == whole.input,
      part.window.strideY == whole.window.strideY, part.window.strideX == whole.window.strideX,
      part.window.dilationY == whole.window.dilationY || part.window.height == 1,
      part.window.dilationX == whole.window.dilationX || part.window.width == 1
    else { return nil }
    // Where tap (0, 0) of the smaller window lies in the larger one.
    let (dy, dx) = (whole.window.padTop - part.window.padTop, whole.window.padLeft - part.window.padLeft)
    guard dy >= 0, dx >= 0, dy % whole.window.dilationY == 0, dx % whole.window.dilationX == 0 else { return nil }
    let (top, left) = (dy / whole.window.dilationY, dx / whole.window.dilationX)
    guard top + part.window.height <= whole.window.height, left + part.window.width <= whole.window.width else { return nil }

    var weights = whole.weights
    let channels = shape(nodes[index].inputs[2])[0]
    let depth = weights.count / channels / whole.window.taps
    guard part.weights.count == channels * part.window.taps * depth else { return nil }
    for y in 0..<part.window.height {
      for x in 0..<part.window.width {
        let (from, to) = (y * part.window.width + x, (top + y) * whole.window.width + left + x)
        for channel in 0..<channels {
          for k in 0..<depth {
            let source = depthwise ? from * channels + channel : (channel * part.window.taps + from) * depth + k
            let target = depthwise ? to * channels + channel : (channel * whole.window.taps + to) * depth + k
            weights[target] += part.weights[source]
          }
        }
      }
    }
    return Merged(node: index, weights: weights, bias: zip(whole.bias, part.bias).map { $0 + $1 })
  }

  /// A node that is a convolution without an activation.
  private func convolution(_ index: Int) -> Branch? {
    let node = nodes[index]
    let window: Window
    if let it = node.decoded(Convolution.self), it.activation == .none {
      window = it.window
    } else if let it = node.decoded(DepthwiseConvolution.self), it.activation == .none {
      window = it.window
    } else {
      return nil
    }
    guard let weights = floats(node.inputs[1]), let bias = floats(node.inputs[2]) else { return nil }
    return Branch(input: node.inputs[0], window: window, weights: weights, bias: bias)
  }

  /// What gives `tensor`, in the form of the convolution `index`: a convolution of the same kind, or its input times a factor per
  /// channel plus an addend.
  private func branch(_ tensor: TensorID, like index: Int, _ producers: [TensorID: Int]) -> Branch? {
    guard let producer = producers[tensor] else { return nil }
    if let found = convolution(producer) {
      let (a, b) = (nodes[index], nodes[producer])
      guard a.kind == b.kind, a.decoded(Convolution.self)?.groups == b.decoded(Convolution.self)?.groups else { return nil }
      return found
    }
    let input = nodes[index].inputs[0], channels = shape(input)[3]
    guard shape(tensor) == shape(input), let (factors, addends) = scaling(tensor, of: input, producers) else { return nil }
    let factor = { (channel: Int) in factors.count == 1 ? factors[0] : factors[channel] }
    let bias = (0..<channels).map { addends.count == 1 ? addends[0] : addends[$0] }
    if nodes[index].kind == .depthwiseConvolution {
      return Branch(input: input, window: Window(height: 1, width: 1), weights: (0..<channels).map(factor), bias: bias)
    }
    guard let groups = nodes[index].decoded(Convolution.self)?.groups else { return nil }
    let depth = channels / groups
    var weights = [Float](repeating: 0, count: channels * depth)
    for channel in 0..<channels { weights[channel * depth + channel % depth] = factor(channel) }
    return Branch(input: input, window: Window(height: 1, width: 1), weights: weights, bias: bias)
  }

  /// (factors, addends) if `tensor` is input * factors + addends, each a constant over the innermost axis or a scalar.
  private func scaling(_ tensor: TensorID, of input: TensorID, _ producers: [TensorID: Int]) -> ([Float], [Float])? {
    if tensor == input { return ([1], [0]) }
    guard let producer = producers[tensor], let binary = nodes[producer].decoded(Binary.self), binary.activation == .none,
      binary.function == .add || binary.function == .multiply
    else { return nil }
    for (data, other) in [(0, 1), (1, 0)] {
      let (computed, constant) = (nodes[producer].inputs[data], nodes[producer].inputs[other])
      guard let values = floats(constant),
        values.count == 1 || values.count == shape(input)[3] && shape(constant)[shape(constant).rank - 1] == values.count,
        let (factors, addends) = scaling(computed, of: input, producers)
      else { continue }
      let count = max(max(values.count, factors.count), addends.count)
      let at = { (list: [Float], index: Int) in list.count == 1 ? list[0] : list[index] }
      if binary.function == .add { return (factors, (0..<count).map { at(addends, $0) + at(values, $0) }) }
      return ((0..<count).map { at(factors, $0) * at(values, $0) }, (0..<count).map { at(addends, $0) * at(values, $0) })
    }
    return nil
  }
}
