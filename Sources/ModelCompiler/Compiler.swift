import TinyNN

extension Graph {
  /// A rewriting of the graph that keeps what it computes: every input and output keeps its shape, and every node fits its
  /// operands.
  package struct Pass: Sendable {
    package let name: String
    package let run: @Sendable (inout Graph) -> Void
  }

  /// All passes, in the order in which one prepares the next.
  package static let passes = [
    Pass(name: "removeDeadNodes") { $0.removeDeadNodes() },
    Pass(name: "moveTransposes") { $0.moveTransposes() },
    Pass(name: "mergeEqualNodes") { $0.mergeEqualNodes() },
    Pass(name: "absorbPads") { $0.absorbPads() },
    Pass(name: "foldScales") { $0.foldScales() },
    Pass(name: "mergeBranches") { $0.mergeBranches() },
    Pass(name: "recognizeNormalizations") { $0.recognizeNormalizations() },
    Pass(name: "fuseActivations") { $0.fuseActivations() },
    // What was fused or folded may have stood between two transposes or reshapes.
    Pass(name: "moveTransposes") { $0.moveTransposes() },
    Pass(name: "joinTransposes") { $0.joinTransposes() },
    Pass(name: "mergeEqualNodes") { $0.mergeEqualNodes() },
    Pass(name: "removeUnusedTensors") { $0.removeUnusedTensors() },
  ]

  /// Runs all passes.
  public mutating func optimize() {
    for pass in Graph.passes { pass.run(&self) }
  }

  /// Throws what is wrong with the first node whose operands do not fit its operator, or whose output is not of the type that the
  /// operator gives.
  public func checkTypes() throws(CompileError) {
    for node in nodes {
      guard let reason = typeError(of: node) else { continue }
      throw CompileError(
        node: node.name, operation: "\(node.kind)", shapes: node.inputs.map { shape($0).description }, reason: reason)
    }
  }

  /// What is wrong with the operands or the recorded output types of a node, or nil.
  func typeError(of node: Node) -> ModelError? {
    guard let answer = ask(node, TypeCheck(expected: node.outputs.map { type($0) })) else {
      return ModelError(.attributesMalformed)
    }
    return answer
  }

  /// Parameters: elements of constants, each counted once.
  public var parameterCount: Int {
    tensors.reduce(0) { $0 + ($1.constant == nil ? 0 : $1.type.shape.count) }
  }
}

extension Model {
  /// Multiply-adds of one inference: convolutions and matrix products, as papers count them.
  public var multiplyAdds: Int {
    (0..<operatorCount).reduce(0) { $0 + multiplyAdds(ofOperator: $1) }
  }
}

private struct TypeCheck: NodeVisitor {
  let expected: [TensorType]
  func visit<O: Operator>(_ operation: O, _ operands: NodeOperands) -> ModelError? {
    for (index, type) in expected.enumerated() {
      do throws(ModelError) {
        let found = try operation.outputType(index, of: operands)
        guard found.shape == type.shape else { return ModelError(.wrongShape, found: type.shape.count, needed: found.shape.count) }
        guard found.elementType == type.elementType else { return ModelError(.resultTypeMismatch) }
      } catch { return error }
    }
    return nil
  }
}
