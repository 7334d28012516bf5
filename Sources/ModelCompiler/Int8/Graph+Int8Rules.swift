import TinyNN

// What the operators of nodes say about int8.
extension Graph {
  /// How a node runs in an int8 network, or nil if it stays float32.
  package func int8Form(of node: Node) -> Int8Form? { ask(node, FindInt8Form()) ?? nil }

  /// True for a node that only moves or chooses elements: its result has the map of its operands.
  package func preservesQuantization(_ node: Node) -> Bool { ask(node, PreservesQuantization()) ?? false }

  func needsFineSums(_ node: Node) -> Bool { ask(node, NeedsFineSums()) ?? false }
}

private struct PreservesQuantization: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> Bool { operation.preservesQuantization }
}

private struct FindInt8Form: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> Int8Form? { operation.int8Form }
}

private struct NeedsFineSums: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> Bool { operation.needsFineSums }
}
