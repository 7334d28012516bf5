import TinyNN

extension Graph {
  /// Multiplies constant factors per output channel into the weights before them and adds constant summands to their bias:
  /// what batch normalisation becomes at inference (Jacob et al. 2018, section 3.2).
  public mutating func foldScales() {
    var changed = true
    while changed {
      changed = false
      let producers = producers()
      let counts = useCounts()
      for index in nodes.indices {
        guard let binary = nodes[index].decoded(Binary.self), [.add, .subtract, .multiply, .divide].contains(binary.function),
          let (data, values) = constantOperand(of: nodes[index], binary.function),
          let producer = producers[data], counts[data] == 1,
          let layout = weightLayout(of: nodes[producer]), fusedActivation(of: nodes[producer]) == Activation.none
        else { continue }
        let channels = shape(nodes[producer].inputs[2])[0]
        guard values.count == 1 || values.count == channels, let weights = floats(nodes[producer].inputs[1]),
          let bias = floats(nodes[producer].inputs[2])
        else { continue }
        let value = { (channel: Int) in values.count == 1 ? values[0] : values[channel] }
        let name = nodes[producer].name
        var (newWeights, newBias) = (weights, bias)
        switch binary.function {
        case .multiply, .divide:
          let scale = { (channel: Int) in binary.function == .multiply ? value(channel) : 1 / value(channel) }
          for i in newWeights.indices { newWeights[i] *= scale(layout.channel(ofElement: i)) }
          for channel in 0..<channels { newBias[channel] *= scale(channel) }
          nodes[producer].inputs[1] = addConstant(name + ".weights", shape(nodes[producer].inputs[1]), newWeights)
        case .add: for channel in 0..<channels { newBias[channel] += value(channel) }
        case .subtract: for channel in 0..<channels { newBias[channel] -= value(channel) }
        default: continue
        }
        nodes[producer].inputs[2] = addConstant(name + ".bias", Shape(channels), newBias)
        replaceUses(of: nodes[index].outputs[0], with: data)
        let activation = binary.activation
        nodes.remove(at: index)
        if activation != .none, let (node, output) = try? makeNode(Activate(activation), name: name + ".activation", inputs: [data])
        {
          replaceUses(of: data, with: output)
          nodes.insert(node, at: producer + 1)
        }
        changed = true
        break
      }
    }
    removeDeadNodes()
  }

  /// The operand that is computed and the elements of the other one, if that is a constant which is a scalar or runs over
  /// the innermost axis only.
  private func constantOperand(of node: Node, _ function: Binary.Function) -> (TensorID, [Float])? {
    let commutes = function == .add || function == .multiply
    for (data, other) in [(0, 1), (1, 0)] where data == 0 || commutes {
      guard !isConstant(node.inputs[data]), let values = floats(node.inputs[other]) else { continue }
      let (constant, full) = (shape(node.inputs[other]), shape(node.inputs[data]))
      let isInnermost = constant.rank > 0 && constant.count == constant[constant.rank - 1] && constant.rank <= full.rank
      guard values.count == 1 && constant.rank <= full.rank || isInnermost else { continue }
      return (node.inputs[data], values)
    }
    return nil
  }
}
