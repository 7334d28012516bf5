import TinyNN

extension Graph {
  /// The graph with every step visible that int8 treats on its own: activations that are no clamps stand behind their
  /// operators (int8 runs them as tables), and averages over whole images are global averages (whose result is float32).
  package func preparedForQuantization() throws -> Graph {
    var result = self
    var nodes: [Node] = []
    for node in self.nodes {
      if let pool = node.decoded(Pool.self), pool.averagesWholeImage(shape(node.inputs[0])) {
        nodes.append(try result.makeNode(GlobalAveragePool(), name: node.name, inputs: node.inputs, output: node.outputs[0]).0)
        continue
      }
      guard let (bare, activation) = splitting(node) else {
        nodes.append(node)
        continue
      }
      let inner = result.addTensor(result.tensors[node.outputs[0]].name + ".linear", type(node.outputs[0]))
      var operation = node
      operation.attributes = bare
      operation.outputs = [inner]
      nodes.append(operation)
      nodes.append(
        try result.makeNode(Activate(activation), name: node.name + ".activation", inputs: [inner], output: node.outputs[0]).0)
    }
    result.nodes = nodes
    return result
  }

  /// The node's attributes without its activation, and the activation, if that is no clamp.
  private func splitting(_ node: Node) -> ([UInt8], Activation)? {
    guard let activation = fusedActivation(of: node), activation.function != .none, activation.function != .clamp else {
      return nil
    }
    return attributes(of: node, replacingActivation: .none).map { ($0, activation) }
  }
}

extension Pool {
  fileprivate func averagesWholeImage(_ input: Shape) -> Bool {
    function == .average && window.height == input[1] && window.width == input[2] && window.padTop == 0 && window.padLeft == 0
      && window.padBottom == 0 && window.padRight == 0 && window.dilationY == 1 && window.dilationX == 1
  }
}
