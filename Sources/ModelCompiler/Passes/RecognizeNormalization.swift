import TinyNN

extension Graph {
  /// Finds layer normalisation where exporters write it out: (x - mean) / sqrt(mean((x - mean)^2) + epsilon), the means over the
  /// innermost axis, and the root-mean-square form without the first mean; then takes a factor and an addend behind it in.
  mutating func recognizeNormalizations() {
    var changed = true
    while changed {
      changed = false
      let producers = producers()
      for index in nodes.indices {
        guard let (operation, x) = normalization(at: index, producers) else { continue }
        let channels = shape(x)[shape(x).rank - 1]
        let name = nodes[index].name
        let scale = addConstant(name + ".scale", Shape(channels), Array(repeating: 1, count: channels))
        let shift = addConstant(name + ".shift", Shape(channels), Array(repeating: 0, count: channels))
        guard let (node, _) = try? makeNode(operation, name: name, inputs: [x, scale, shift], output: nodes[index].outputs[0])
        else { continue }
        nodes[index] = node
        changed = true
      }
      removeDeadNodes()
    }
    foldIntoNormalizations()
  }

  /// A factor or an addend per channel behind a normalisation goes into its scale and shift.
  mutating func foldIntoNormalizations() {
    var index = 0
    while index < nodes.count {
      defer { index += 1 }
      guard let binary = nodes[index].decoded(Binary.self), binary.activation == .none,
        binary.function == .multiply || binary.function == .add,
        let (data, values) = innermostConstant(of: nodes[index]), let producer = producers()[data], useCounts()[data] == 1,
        nodes[producer].kind == .layerNormalization, let scale = floats(nodes[producer].inputs[1]),
        let shift = floats(nodes[producer].inputs[2]),
        shape(nodes[index].outputs[0]) == shape(data)
      else { continue }
      let value = { (channel: Int) in values.count == 1 ? values[0] : values[channel] }
      let name = nodes[producer].name
      if binary.function == .multiply {
        nodes[producer].inputs[1] = addConstant(name + ".scale", Shape(scale.count), scale.indices.map { scale[$0] * value($0) })
        nodes[producer].inputs[2] = addConstant(name + ".shift", Shape(shift.count), shift.indices.map { shift[$0] * value($0) })
      } else {
        nodes[producer].inputs[2] = addConstant(name + ".shift", Shape(shift.count), shift.indices.map { shift[$0] + value($0) })
      }
      replaceUses(of: nodes[index].outputs[0], with: data)
      nodes.remove(at: index)
      index -= 1
    }
  }

  /// The computed operand and the elements of a constant one that is a scalar or runs over the innermost axis only.
  private func innermostConstant(of node: Node) -> (TensorID, [Float])? {
    for (data, other) in [(0, 1), (1, 0)] {
      guard !isConstant(node.inputs[data]), let values = floats(node.inputs[other]) else { continue }
      let (constant, full) = (shape(node.inputs[other]), shape(node.inputs[data]))
      guard constant.rank <= full.rank,
        values.count == 1 || (full.rank > 0 && values.count == full[full.rank - 1] && constant[constant.rank - 1] == values.count)
      else { continue }
      return (node.inputs[data], values)
    }
    return nil
  }

  private func normalization(at index: Int, _ producers: [TensorID: Int]) -> (LayerNormalization, TensorID)? {
    guard let binary = nodes[index].decoded(Binary.self), binary.activation == .none else { return nil }
    let (a, b) = (nodes[index].inputs[0], nodes[index].inputs[1])
    switch binary.function {
    case .divide:
      guard let epsilon = deviation(b, of: a, producers) else { return nil }
      return normalization(of: a, epsilon, producers)
    case .multiply:
      // x times 1 / sqrt(…).
      for (numerator, inverse) in [(a, b), (b, a)] {
        guard let (one, root) = operands(of: inverse, .divide, producers), scalar(one) == 1,
          let epsilon = deviation(root, of: numerator, producers)
        else { continue }
        return normalization(of: numerator, epsilon, producers)
      }
      return nil
    default: return nil
    }
  }

  private func normalization(of numerator: TensorID, _ epsilon: Float, _ producers: [TensorID: Int]) -> (
    LayerNormalization, TensorID
  )? {
    if let (x, mean) = operands(of: numerator, .subtract, producers), isMean(mean, of: x, producers) {
      return (LayerNormalization(epsilon: epsilon), x)
    }
    return (LayerNormalization(epsilon: epsilon, centres: false), numerator)
  }

  /// epsilon if `tensor` is sqrt(mean(x^2) + epsilon).
  private func deviation(_ tensor: TensorID, of x: TensorID, _ producers: [TensorID: Int]) -> Float? {
    guard let root = producers[tensor], nodes[root].decoded(Activate.self)?.activation.function == .sqrt,
      let (c, d) = operands(of: nodes[root].inputs[0], .add, producers)
    else { return nil }
    for (variance, constant) in [(c, d), (d, c)] {
      guard let epsilon = scalar(constant), epsilon >= 0, let square = meanOperand(variance, producers),
        let (e, f) = operands(of: square, .multiply, producers), e == x, f == x
      else { continue }
      return epsilon
    }
    return nil
  }

  private func isMean(_ tensor: TensorID, of x: TensorID, _ producers: [TensorID: Int]) -> Bool {
    meanOperand(tensor, producers) == x
  }

  /// What `tensor` is the mean of, if over the innermost axis.
  private func meanOperand(_ tensor: TensorID, _ producers: [TensorID: Int]) -> TensorID? {
    guard let producer = producers[tensor], let reduce = nodes[producer].decoded(Reduce.self), reduce.function == .mean else {
      return nil
    }
    let input = nodes[producer].inputs[0]
    return reduce.axis == shape(input).rank - 1 ? input : nil
  }
}
