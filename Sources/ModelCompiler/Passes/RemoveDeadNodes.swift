extension Graph {
  /// Drops nodes whose results nobody reads.
  public mutating func removeDeadNodes() {
    var counts = useCounts()
    for index in nodes.indices.reversed() where nodes[index].outputs.allSatisfy({ counts[$0] == 0 }) {
      for input in nodes[index].inputs { counts[input] -= 1 }
      nodes[index].inputs = []
    }
    nodes.removeAll { $0.inputs.isEmpty }
  }

  /// Drops tensors that no node and no interface names, and renumbers the rest.
  public mutating func removeUnusedTensors() {
    var used = Set(inputs + outputs)
    for node in nodes { used.formUnion(node.inputs + node.outputs) }
    var numbers: [TensorID: TensorID] = [:]
    var kept: [Tensor] = []
    for (index, tensor) in tensors.enumerated() where used.contains(index) {
      numbers[index] = kept.count
      kept.append(tensor)
    }
    tensors = kept
    inputs = inputs.map { numbers[$0]! }
    outputs = outputs.map { numbers[$0]! }
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { numbers[$0]! }
      nodes[index].outputs = nodes[index].outputs.map { numbers[$0]! }
    }
  }
}
