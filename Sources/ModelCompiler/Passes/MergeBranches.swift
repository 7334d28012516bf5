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

  /// A convolution with a window, weights and bias.
  private struct Branch {
    let input: TensorID
    let form: WeightForm
    let window: Window
    let layout: WeightLayout
    let weights, bias: [Float]
  }

  private func merged(_ a: TensorID, _ b: TensorID, _ producers: [TensorID: Int], _ counts: [Int]) -> Merged? {
    guard counts[a] == 1, counts[b] == 1, let index = producers[a], let whole = convolution(index) else { return nil }
    guard let part = branch(b, like: whole, nodes[index].kind, producers), part.input == whole.input,
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
    let channels = whole.layout.channels, perTap = whole.layout.depth / whole.window.taps
    guard part.weights.count == channels * part.window.taps * perTap else { return nil }
    for y in 0..<part.window.height {
      for x in 0..<part.window.width {
        let (from, to) = (y * part.window.width + x, (top + y) * whole.window.width + left + x)
        for channel in 0..<channels {
          for k in 0..<perTap {
            weights[whole.layout.element(to * perTap + k, of: channel)] +=
              part.weights[part.layout.element(from * perTap + k, of: channel)]
          }
        }
      }
    }
    return Merged(node: index, weights: weights, bias: zip(whole.bias, part.bias).map { $0 + $1 })
  }

  /// A node that is a convolution without an activation.
  private func convolution(_ index: Int) -> Branch? {
    let node = nodes[index]
    guard let form = weightForm(of: node), let window = form.window, fusedActivation(of: node) == Activation.none,
      let weights = floats(node.inputs[1]), let bias = floats(node.inputs[2])
    else { return nil }
    return Branch(
      input: node.inputs[0], form: form, window: window, layout: WeightLayout(form, shape(node.inputs[1])), weights: weights,
      bias: bias)
  }

  /// What gives `tensor`, in the form of the convolution `whole`: a convolution of the same kind, or its input times a factor per
  /// channel plus an addend.
  private func branch(
    _ tensor: TensorID, like whole: Branch, _ kind: OperatorKind, _ producers: [TensorID: Int]
  ) -> Branch? {
    guard let producer = producers[tensor] else { return nil }
    if let found = convolution(producer) {
      return nodes[producer].kind == kind && found.form.groups == whole.form.groups ? found : nil
    }
    let input = whole.input, channels = shape(input)[3]
    guard shape(tensor) == shape(input), let (factors, addends) = scaling(tensor, of: input, producers) else { return nil }
    let bias = (0..<channels).map { addends.count == 1 ? addends[0] : addends[$0] }
    let form = whole.form
    let layout = WeightLayout(
      form, form.isDepthwise ? Shape(1, 1, channels) : Shape(channels, 1, 1, channels / form.groups))
    var weights = [Float](repeating: 0, count: channels * layout.depth)
    for channel in 0..<channels {
      weights[layout.element(channel % layout.depth, of: channel)] = factors.count == 1 ? factors[0] : factors[channel]
    }
    return Branch(
      input: input, form: form, window: Window(height: 1, width: 1), layout: layout, weights: weights, bias: bias)
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
