/// One node of the ONNX graph, with access to its attributes that throws errors naming the node.
struct Node {
  let proto: Onnx_NodeProto
  let index: Int
  /// The version of the operator set that the node's domain is imported with.
  let opset: Int

  /// Empty for the standard domain, also where a file calls it by its long name.
  var domain: String { Flattening.standard(proto.domain) }
  var operatorName: String { domain.isEmpty ? proto.opType : "\(domain).\(proto.opType)" }

  var inputs: [String] { proto.input }
  var outputs: [String] { proto.output }

  /// What people call the node: its name, or where it has none, its place and what it computes.
  var name: String {
    proto.name.isEmpty ? "#\(index) -> \(outputs.first ?? "nothing")" : proto.name
  }

  func error(_ detail: String) -> ONNXImportError {
    ONNXImportError(.invalidNode, "\(operatorName) node '\(name)': \(detail)")
  }

  func unsupported(_ detail: String) -> ONNXImportError {
    ONNXImportError(.unsupported, "\(operatorName) node '\(name)': \(detail)")
  }

  /// True if input `index` is given: optional inputs are left out by an empty name or at the end.
  func hasInput(_ index: Int) -> Bool { index < inputs.count && !inputs[index].isEmpty }

  func requireInputs(_ range: ClosedRange<Int>) throws(ONNXImportError) {
    guard range.contains(inputs.count) else {
      let wanted = range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw error("has \(inputs.count) inputs, takes \(wanted)")
    }
  }
}

extension Node {
  func has(_ attribute: String) -> Bool { find(attribute) != nil }

  func int(_ attribute: String) throws(ONNXImportError) -> Int? {
    guard let found = try find(attribute, .int) else { return nil }
    return Int(found.i)
  }

  func int(_ attribute: String, default value: Int) throws(ONNXImportError) -> Int { try int(attribute) ?? value }

  func bool(_ attribute: String, default value: Bool) throws(ONNXImportError) -> Bool {
    try int(attribute).map { $0 != 0 } ?? value
  }

  func ints(_ attribute: String) throws(ONNXImportError) -> [Int]? {
    guard let found = try find(attribute, .ints) else { return nil }
    return found.ints.map(Int.init)
  }

  func float(_ attribute: String) throws(ONNXImportError) -> Float? {
    guard let found = try find(attribute, .float) else { return nil }
    guard !found.f.isNaN else { throw error("attribute \(attribute) is NaN") }
    return found.f
  }

  func float(_ attribute: String, default value: Float) throws(ONNXImportError) -> Float { try float(attribute) ?? value }

  func floats(_ attribute: String) throws(ONNXImportError) -> [Float]? { try find(attribute, .floats)?.floats }

  func string(_ attribute: String) throws(ONNXImportError) -> String? {
    guard let found = try find(attribute, .string) else { return nil }
    return String(decoding: found.s, as: UTF8.self)
  }

  func tensor(_ attribute: String) throws(ONNXImportError) -> HostTensor? {
    guard let found = try find(attribute, .tensor) else { return nil }
    return try TensorDecoding(found.t, label: "attribute \(attribute) of node '\(name)'").decoded()
  }

  private func find(_ attribute: String) -> Onnx_AttributeProto? { proto.attribute.first { $0.name == attribute } }

  private func find(_ attribute: String, _ type: Onnx_AttributeProto.AttributeType) throws(ONNXImportError) -> Onnx_AttributeProto?
  {
    guard let found = find(attribute) else { return nil }
    guard !found.hasRefAttrName || found.refAttrName.isEmpty else {
      throw unsupported("attribute \(attribute) refers to an attribute of a function")
    }
    // Files before IR version 2 leave the type out.
    guard !found.hasType || found.type == .undefined || found.type == type else {
      throw error("attribute \(attribute) has type \(found.type), expected \(type)")
    }
    return found
  }
}

/// Counts a negative axis from the end.
func normalizedAxis(_ axis: Int, rank: Int, _ node: Node) throws(ONNXImportError) -> Int {
  let positive = axis < 0 ? axis + rank : axis
  guard (0..<rank).contains(positive) else { throw node.error("axis \(axis) of a tensor with \(rank) dimensions") }
  return positive
}

/// Distinct axes in ascending order, negative ones counted from the end.
func normalizedAxes(_ axes: [Int], rank: Int, _ node: Node) throws(ONNXImportError) -> [Int] {
  var result: [Int] = []
  for axis in axes { result.append(try normalizedAxis(axis, rank: rank, node)) }
  guard Set(result).count == result.count else { throw node.error("axes \(axes) repeat an axis") }
  return result.sorted()
}

extension Node {
  /// The value of a Constant node.
  func constantValue() throws(ONNXImportError) -> HostTensor {
    if let tensor = try tensor("value") { return tensor }
    if let value = try float("value_float") { return HostTensor([], floats: [value]) }
    if let values = try floats("value_floats") { return HostTensor([values.count], floats: values) }
    if let value = try int("value_int") { return HostTensor([], integers: [Int64(value)]) }
    if let values = try ints("value_ints") { return HostTensor(integers: values) }
    throw unsupported("a constant that is no tensor of numbers")
  }
}
