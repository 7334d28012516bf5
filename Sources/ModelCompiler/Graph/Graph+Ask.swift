import TinyNN

extension Graph {
  /// Asks the operator of a node; nil where it does not answer.
  package func ask<Question: OperatorQuestion>(_ node: Node, _ question: Question) -> Question.Answer? {
    node.attributes.withRegion { try? node.kind.ask(question, $0) }
  }

  /// The operands of a node, for questions about them.
  package func operands(of node: Node) -> NodeOperands { NodeOperands(graph: self, inputs: node.inputs) }

  /// Where a node has its weights, or nil if it has none.
  public func weightLayout(of node: Node) -> WeightLayout? {
    weightForm(of: node).map { WeightLayout($0, shape(node.inputs[1])) }
  }

  /// How a node multiplies by constant weights, or nil if it does not.
  public func weightForm(of node: Node) -> WeightForm? { ask(node, FindWeightForm()) ?? nil }

  /// The activation that a node has taken in, or nil if it takes none.
  package func fusedActivation(of node: Node) -> Activation? { ask(node, FusedActivation()) ?? nil }

  /// The node's attributes with another activation, or nil if it takes none.
  package func attributes(of node: Node, replacingActivation activation: Activation) -> [UInt8]? {
    ask(node, Activated(activation: activation)) ?? nil
  }
}

/// The operands of a node, for shape rules.
package struct NodeOperands: OperandTypes {
  let graph: Graph
  let inputs: [Graph.TensorID]
  package var inputCount: Int { inputs.count }
  package func inputType(_ index: Int) -> TensorType? { index < inputs.count ? graph.type(inputs[index]) : nil }
}

private struct FusedActivation: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> Activation? { operation.fusedActivation }
}

private struct Activated: OperatorQuestion {
  let activation: Activation

  func answer<O: Operator>(_ operation: O) -> [UInt8]? { operation.replacingActivation(activation)?.encoded }
}
