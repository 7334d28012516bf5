import TinyNN

extension Graph {
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
    guard let answer = ask(node, TypeCheck(operands: operands(of: node), expected: node.outputs.map { type($0) })) else {
      return ModelError(.attributesMalformed)
    }
    return answer
  }
}

private struct TypeCheck: OperatorQuestion {
  let operands: NodeOperands
  let expected: [TensorType]

  func answer<O: Operator>(_ operation: O) -> ModelError? {
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
