import TinyNN

extension Graph {
  /// Takes activations into the operator before them where it can and nobody else reads its result.
  public mutating func fuseActivations() {
    recognizeActivations()
    let counts = useCounts()
    var producers = producers()
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let activation = nodes[index].decoded(Activate.self)?.activation,
        let producer = producers[nodes[index].inputs[0]], counts[nodes[index].inputs[0]] == 1,
        fusedActivation(of: nodes[producer]) == Activation.none,
        let attributes = attributes(of: nodes[producer], replacingActivation: activation)
      else { continue }
      nodes[producer].attributes = attributes
      nodes[producer].outputs = nodes[index].outputs
      producers[nodes[index].outputs[0]] = producer
      removed.insert(index)
    }
    nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
  }

  /// Finds activations that exporters write as several operators: SiLU as x sigmoid(x), hard-sigmoid as
  /// clip(x + 3, 0, 6) / 6, hard-swish as x hardSigmoid(x) or x clip(x + 3, 0, 6) / 6.
  mutating func recognizeActivations() {
    var changed = true
    while changed {
      changed = false
      let producers = producers()
      for index in nodes.indices {
        guard let (activation, input) = recognized(at: index, producers) ?? recognizedGELU(at: index, producers) else { continue }
        if let (node, _) = try? makeNode(
          Activate(activation), name: nodes[index].name, inputs: [input], output: nodes[index].outputs[0])
        {
          nodes[index] = node
          changed = true
        }
      }
      removeDeadNodes()
    }
  }

  private func recognized(at index: Int, _ producers: [TensorID: Int]) -> (Activation, TensorID)? {
    guard let binary = nodes[index].decoded(Binary.self), binary.activation == .none else { return nil }
    let (a, b) = (nodes[index].inputs[0], nodes[index].inputs[1])
    let sixth: Float = 1 / 6
    switch binary.function {
    case .multiply:
      for (x, gate) in [(a, b), (b, a)] {
        guard let producer = producers[gate] else { continue }
        if let inner = nodes[producer].decoded(Activate.self)?.activation {
          if nodes[producer].inputs[0] == x {
            if inner == Activation(.sigmoid) { return (Activation(.silu), x) }
            if inner.function == .hardSigmoid, abs(inner.a - sixth) < 1e-6, inner.b == 0.5 { return (Activation(.hardSwish), x) }
          }
          // clip(x + 3, 0, 6) times 1 / 6.
          if let factor = scalar(x), abs(factor - sixth) < 1e-6, let input = shiftedClip(gate, producers) {
            return (Activation(.hardSigmoid, sixth, 0.5), input)
          }
        }
      }
    case .divide:
      guard scalar(b) == 6 else { return nil }
      if let input = shiftedClip(a, producers) { return (Activation(.hardSigmoid, sixth, 0.5), input) }
      // (x clip(x + 3, 0, 6)) / 6.
      guard let product = producers[a], let multiply = nodes[product].decoded(Binary.self), multiply.function == .multiply,
        multiply.activation == .none
      else { return nil }
      let (c, d) = (nodes[product].inputs[0], nodes[product].inputs[1])
      for (x, gate) in [(c, d), (d, c)] where shiftedClip(gate, producers) == x { return (Activation(.hardSwish), x) }
    default: break
    }
    return nil
  }

  /// x if `tensor` is clip(x + 3, 0, 6).
  private func shiftedClip(_ tensor: TensorID, _ producers: [TensorID: Int]) -> TensorID? {
    guard let clip = producers[tensor] else { return nil }
    var sum = clip
    if nodes[clip].decoded(Activate.self)?.activation == .relu6 {
      guard let producer = producers[nodes[clip].inputs[0]] else { return nil }
      sum = producer
      guard nodes[sum].decoded(Binary.self)?.activation == Activation.none else { return nil }
    } else {
      guard nodes[clip].decoded(Binary.self)?.activation == .relu6 else { return nil }
    }
    guard nodes[sum].decoded(Binary.self)?.function == .add else { return nil }
    let (a, b) = (nodes[sum].inputs[0], nodes[sum].inputs[1])
    if scalar(b) == 3 { return a }
    return scalar(a) == 3 ? b : nil
  }

  func scalar(_ tensor: TensorID) -> Float? {
    guard let values = floats(tensor), values.count == 1 else { return nil }
    return values[0]
  }
}
