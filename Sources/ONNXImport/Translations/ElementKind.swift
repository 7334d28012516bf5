import TinyNN

/// What the numbers of a computed tensor stand for. The runtime computes all as float32: integers as whole numbers, booleans as 0
/// and 1. An operator that treats them otherwise than the standard does is refused.
enum ElementKind {
  case real
  /// Whole numbers of a type that does not wrap for what networks compute.
  case integer
  /// 0 to 255, as a photo's bytes come in: sums and products of these would wrap.
  case byte
  case boolean
}

extension Value {
  /// Of a constant, what its values allow: integers may be booleans.
  var kind: ElementKind {
    switch self {
    case .constant(let tensor): tensor.isInteger ? (tensor.storedType == .bool ? .boolean : .integer) : .real
    case .computed(_, _, let kind): kind
    }
  }

  /// The same numbers as another kind.
  func taken(as kind: ElementKind) -> Value {
    guard case .computed(let tensor, let shape, _) = self else { return self }
    return .computed(tensor, shape: shape, kind: kind)
  }
}

extension Translation {
  /// The kind of what `operation` computes of `inputs`; refuses arithmetic that is another for integers, bytes and booleans.
  func resultKind(of operation: some Operator, _ inputs: [Value]) throws(ONNXImportError) -> ElementKind {
    let kinds = inputs.filter { $0.constant == nil }.map(\.kind)
    if operation is Select { return selectedKind(inputs[1], inputs[2]) }
    if let binary = operation as? Binary, [.less, .lessOrEqual, .equal].contains(binary.function) { return .boolean }
    guard let special = kinds.first(where: { $0 != .real }) else { return .real }
    if Translation.moves(operation) { return kinds[0] }
    switch (special, operation) {
    case (.boolean, let binary as Binary) where [.minimum, .maximum].contains(binary.function): return .boolean
    case (.boolean, let reduce as Reduce) where [.minimum, .maximum].contains(reduce.function): return .boolean
    case (.integer, let binary as Binary) where [.add, .subtract, .multiply, .minimum, .maximum].contains(binary.function):
      return .integer
    case (.integer, let reduce as Reduce) where [.sum, .minimum, .maximum].contains(reduce.function): return .integer
    case (.integer, let activate as Activate) where Translation.wholeActivations.contains(activate.activation.function):
      return .integer
    case (.byte, let reduce as Reduce) where [.minimum, .maximum].contains(reduce.function): return .byte
    case (.byte, let binary as Binary) where [.minimum, .maximum].contains(binary.function): return .byte
    case (.boolean, _): throw node.unsupported("booleans as numbers; cast them to float first")
    case (_, _): throw node.unsupported("arithmetic on integers; cast them to float first")
    }
  }

  private func selectedKind(_ a: Value, _ b: Value) -> ElementKind {
    if a.constant == nil { return a.kind }
    return b.constant == nil || b.kind == .real ? b.kind : a.kind
  }

  /// Activations that leave whole numbers whole.
  private static let wholeActivations: [Activation.Function] = [.clamp, .sign]

  private static func moves(_ operation: some Operator) -> Bool {
    if let activate = operation as? Activate { return activate.activation == .none }
    return operation is Reshape || operation is Transpose || operation is Slice || operation is Gather || operation is Concatenate
      || operation is Pad
  }

  /// ONNX Cast of a computed value.
  func cast(_ x: Value, to type: Onnx_TensorProto.DataType) throws(ONNXImportError) -> Value {
    switch type {
    case .float, .float16, .double, .bfloat16: return x.taken(as: .real)
    case .bool:
      if x.kind == .boolean { return x }
      return try negated(try binary(.equal, x.taken(as: .real), .constant(HostTensor([], floats: [0]))))
    case .int64, .int32, .int16, .uint64, .uint32, .uint16:
      if x.kind != .real { return x.taken(as: .integer) }
    case .uint8:
      if x.kind == .boolean || x.kind == .byte { return x.taken(as: .byte) }
    default: break
    }
    throw node.unsupported("a cast of computed values to integers")
  }

  /// Booleans the other way round.
  func negated(_ x: Value) throws(ONNXImportError) -> Value {
    try binary(.equal, x.taken(as: .boolean), .constant(HostTensor([], floats: [0])))
  }
}
