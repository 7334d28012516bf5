import TinyNN

extension Graph {
  /// Computes once what several nodes compute alike: same operator, same attributes, same inputs.
  public mutating func mergeEqualNodes() {
    struct Key: Hashable {
      let kind: OperatorKind
      let attributes: [UInt8]
      let inputs: [TensorID]
    }
    var known: [Key: [TensorID]] = [:]
    for index in nodes.indices {
      let key = Key(kind: nodes[index].kind, attributes: nodes[index].attributes, inputs: nodes[index].inputs)
      guard let outputs = known[key] else {
        known[key] = nodes[index].outputs
        continue
      }
      for (old, new) in zip(nodes[index].outputs, outputs) { replaceUses(of: old, with: new) }
    }
    removeDeadNodes()
  }
}
