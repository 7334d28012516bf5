import HostRuntime
import ModelCompiler
import TinyNN

/// Evaluates an operator on constants that has no folding rule of its own: it is translated as a network of one node, which the
/// runtime runs once.
struct RuntimeFolding {
  let node: Node
  /// Nil for optional inputs that are left out.
  let inputs: [HostTensor?]

  func evaluate(_ rule: Translation.Rule) throws(ONNXImportError) -> [Value] {
    guard inputs.allSatisfy({ $0?.count != 0 }) || ["Shape", "Size"].contains(node.operatorName) else {
      throw node.unsupported("an empty tensor")
    }
    let operands = inputs.map { $0.map(Value.constant) }
    // Rules that only read shapes or move constants give constants.
    if let known = try? rule(Translation(node: node, operands: operands, graph: GraphBuilder())),
      known.allSatisfy({ $0.constant != nil })
    {
      return known
    }
    guard let fed = inputs.firstIndex(where: { $0.map { !$0.isInteger && $0.count > 0 } ?? false }), let data = inputs[fed] else {
      throw node.unsupported("these constant inputs")
    }
    let builder = GraphBuilder()
    var fedOperands = operands
    let shape = try Translation(node: node, operands: operands, graph: builder).checkedShape(data.shape)
    fedOperands[fed] = .computed(builder.addInput("x", shape), shape: data.shape)
    let results = try rule(Translation(node: node, operands: fedOperands, graph: builder))
    let computed = results.compactMap { if case .computed(let tensor, _, _) = $0 { tensor } else { nil } }
    guard !computed.isEmpty else { return results }
    guard !computed.contains(builder.graph.inputs[0]) else { return [.constant(data)] }
    builder.setOutputs(computed)

    let encoder: ModelRunner
    do { encoder = try ModelRunner(bytes: builder.graph.lowered().finish()) } catch {
      throw node.unsupported("its constant inputs give no network (\(error.reason))")
    }
    let input = encoder.session.input(0)
    for (index, value) in data.floats.enumerated() { input.setValue(value, at: index) }
    encoder.session.run()
    var values: [Value] = [], next = 0
    for result in results {
      guard case .computed(_, let shape, _) = result else {
        values.append(result)
        continue
      }
      let elements = encoder.session.output(next).floats
      values.append(.constant(HostTensor(shape, floats: (0..<elements.count).map { elements[$0] })))
      next += 1
    }
    return values
  }
}
