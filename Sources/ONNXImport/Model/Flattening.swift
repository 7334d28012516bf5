/// The nodes of a graph without functions of the model itself and without branches whose condition is a constant: their nodes
/// stand in their place.
struct Flattening {
  /// A node, and the versions of the operator sets that it was written for.
  struct Entry {
    var proto: Onnx_NodeProto
    var opsets: [String: Int]
  }

  /// How names inside of a function or branch are called outside.
  private struct Scope {
    var names: [String: String] = [:]
    /// Before names that are not listed.
    var prefix = ""
    /// What the attributes of a function are in this call; nil outside of functions.
    var attributes: [String: Onnx_AttributeProto]?
    var opsets: [String: Int]
    var depth = 0

    func name(_ name: String) -> String { name.isEmpty ? "" : names[name] ?? prefix + name }
  }

  private struct Key: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  static let deepestCall = 32
  static let largestNodeCount = 1 << 17
  /// Conditions follow from small tensors.
  private static let largestConstant = 1 << 12

  private(set) var nodes: [Entry] = []
  /// Those of the graph and of the branches that were taken.
  private(set) var initializers: [Onnx_TensorProto] = []
  private var functions: [Key: Onnx_FunctionProto] = [:]
  /// Places in `nodes` and `initializers` by the tensor that stands there.
  private var producers: [String: Int] = [:]
  private var stored: [String: Int] = [:]
  private var callCount = 0

  init(_ model: Onnx_ModelProto) throws(ONNXImportError) {
    for function in model.functions {
      let domain = Flattening.standard(function.domain)
      // A body that comes with an operator of the standard is for readers that do not know the operator.
      if domain.isEmpty, Translation.rules[function.name] != nil { continue }
      functions[Key(domain: domain, name: function.name, overload: function.overload)] = function
    }
    for tensor in model.graph.initializer { add(tensor) }
    try append(model.graph.node, Scope(opsets: Flattening.versions(model.opsetImport)))
  }

  static func standard(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  static func versions(_ entries: [Onnx_OperatorSetIdProto]) -> [String: Int] {
    var versions: [String: Int] = [:]
    for entry in entries { versions[standard(entry.domain)] = Int(entry.version) }
    return versions
  }

  private mutating func add(_ tensor: Onnx_TensorProto) {
    stored[tensor.name] = initializers.count
    initializers.append(tensor)
  }

  private mutating func append(_ protos: [Onnx_NodeProto], _ scope: Scope) throws(ONNXImportError) {
    for proto in protos { try append(proto, scope) }
  }

  private mutating func append(_ proto: Onnx_NodeProto, _ scope: Scope) throws(ONNXImportError) {
    var node = proto
    node.input = proto.input.map(scope.name)
    node.output = proto.output.map(scope.name)
    node.attribute = resolved(proto.attribute, scope)
    let domain = Flattening.standard(proto.domain)
    if let function = functions[Key(domain: domain, name: proto.opType, overload: proto.overload)] {
      return try append(function, calledBy: node, scope)
    }
    if domain.isEmpty, proto.opType == "If", let branch = try branch(of: node, scope) {
      return try append(branch, of: node, scope)
    }
    guard nodes.count < Flattening.largestNodeCount else {
      throw ONNXImportError(
        .unsupported, "the model has more than \(Flattening.largestNodeCount) nodes with those of its functions")
    }
    for output in node.output where !output.isEmpty { producers[output] = nodes.count }
    nodes.append(Entry(proto: node, opsets: scope.opsets))
  }

  /// Attributes of a function's node that stand for those of the call; without a value there they are left out.
  private func resolved(_ attributes: [Onnx_AttributeProto], _ scope: Scope) -> [Onnx_AttributeProto] {
    guard let call = scope.attributes else { return attributes }
    return attributes.compactMap { attribute in
      guard !attribute.refAttrName.isEmpty else { return attribute }
      guard var value = call[attribute.refAttrName] else { return nil }
      value.name = attribute.name
      return value
    }
  }

  private mutating func append(_ function: Onnx_FunctionProto, calledBy call: Onnx_NodeProto, _ outer: Scope)
    throws(ONNXImportError)
  {
    guard outer.depth < Flattening.deepestCall else {
      throw ONNXImportError(.malformed, "functions of the model call each other more than \(Flattening.deepestCall) deep")
    }
    callCount += 1
    var scope = Scope(prefix: "\(function.name)_\(callCount)/", opsets: outer.opsets, depth: outer.depth + 1)
    scope.opsets.merge(Flattening.versions(function.opsetImport)) { $1 }
    for (index, name) in function.input.enumerated() { scope.names[name] = index < call.input.count ? call.input[index] : "" }
    var passed: [(from: String, to: String)] = []
    for (name, output) in zip(function.output, call.output) where !output.isEmpty {
      if let known = scope.names[name] { passed.append((known, output)) } else { scope.names[name] = output }
    }
    var attributes: [String: Onnx_AttributeProto] = [:]
    for attribute in function.attributeProto + call.attribute { attributes[attribute.name] = attribute }
    scope.attributes = attributes
    try append(function.node, scope)
    for (from, to) in passed { try append(identity(from, to), Scope(opsets: outer.opsets)) }
  }

  private func identity(_ input: String, _ output: String) -> Onnx_NodeProto {
    Onnx_NodeProto.with {
      $0.opType = "Identity"
      $0.input = [input]
      $0.output = [output]
    }
  }

  private mutating func append(_ branch: Onnx_GraphProto, of node: Onnx_NodeProto, _ outer: Scope) throws(ONNXImportError) {
    guard branch.output.count == node.output.count, outer.depth < Flattening.deepestCall else {
      throw ONNXImportError(.malformed, "If node '\(node.name)': a branch has other outputs, or branches are nested too deep")
    }
    callCount += 1
    var scope = outer
    scope.depth += 1
    // Other names are those of the surrounding graph.
    for name in branch.node.flatMap(\.output) + branch.initializer.map(\.name) where !name.isEmpty {
      scope.names[name] = "If_\(callCount)/\(outer.prefix)\(name)"
    }
    for var tensor in branch.initializer {
      tensor.name = scope.name(tensor.name)
      add(tensor)
    }
    try append(branch.node, scope)
    let inside = branch.output.map { scope.name($0.name) }
    for (from, to) in zip(inside, node.output) where !to.isEmpty { try append(identity(from, to), Scope(opsets: ["": 13])) }
  }

  /// The branch that a constant condition takes; nil where the condition is computed.
  private func branch(of node: Onnx_NodeProto, _ scope: Scope) throws(ONNXImportError) -> Onnx_GraphProto? {
    guard let condition = node.input.first.flatMap({ constant($0, depth: 0) }), condition.count == 1 else { return nil }
    let name = condition.floats[0] != 0 ? "then_branch" : "else_branch"
    guard let attribute = node.attribute.first(where: { $0.name == name }), attribute.hasG else {
      throw ONNXImportError(.invalidNode, "If node '\(node.name)': \(name) is missing")
    }
    return attribute.g
  }

  /// The value of a small tensor that no graph input has a part in, or nil.
  private func constant(_ name: String, depth: Int) -> HostTensor? {
    guard depth < 64 else { return nil }
    if let index = stored[name] {
      let proto = initializers[index]
      guard proto.dims.reduce(1.0, { $0 * Double($1) }) <= Double(Flattening.largestConstant) else { return nil }
      return try? TensorDecoding(proto, label: "initializer '\(name)'").decoded()
    }
    guard let index = producers[name], let place = nodes[index].proto.output.firstIndex(of: name) else { return nil }
    let entry = nodes[index]
    let node = Node(proto: entry.proto, index: index, opset: entry.opsets[Flattening.standard(entry.proto.domain)] ?? 1)
    guard node.domain.isEmpty else { return nil }
    if node.proto.opType == "Constant" { return try? node.constantValue() }
    var inputs: [HostTensor?] = []
    for input in node.inputs {
      guard !input.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = constant(input, depth: depth + 1) else { return nil }
      inputs.append(value)
    }
    guard !inputs.isEmpty, let values = try? ConstantFolding.evaluate(node, inputs), place < values.count else { return nil }
    return values[place].count <= Flattening.largestConstant ? values[place] : nil
  }
}
