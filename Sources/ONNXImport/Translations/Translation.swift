import ModelCompiler
import TinyNN

/// What the importer knows of an ONNX tensor. Dimensions are in the order of the ONNX file (images NCHW).
enum Value {
  case constant(HostTensor)
  case computed(Graph.TensorID, shape: [Int], kind: ElementKind = .real)

  var shape: [Int] {
    switch self {
    case .constant(let tensor): tensor.shape
    case .computed(_, let shape, _): shape
    }
  }

  var count: Int { shape.reduce(1, *) }

  var constant: HostTensor? {
    if case .constant(let tensor) = self { tensor } else { nil }
  }
}

/// The translation of one ONNX node: gives access to its operands and appends operators to the graph.
///
/// Tensors keep the dimension order of the ONNX file. Operators that work on NHWC feature maps are put between two
/// transposes (`onFeatureMap`); the compiler's layout pass moves and cancels these.
struct Translation {
  let node: Node
  let operands: [Value?]
  let graph: GraphBuilder

  typealias Rule = @Sendable (Translation) throws(ONNXImportError) -> [Value]

  /// The rules by operator of the standard domain: the only list of ONNX operators that run at inference.
  static let rules: [String: Rule] = [
    convolutionRules, denseRules, arithmeticRules, activationRules, poolingRules, reductionRules, normalizationRules,
    shapeRules, slicingRules, resizeRules, contractionRules, attentionRules, quantizationRules,
  ].reduce(into: [:]) { all, family in all.merge(family) { $1 } }

  static func isSupported(_ node: Node) -> Bool {
    node.domain.isEmpty && (rules[node.proto.opType] != nil || node.proto.opType == "Constant")
  }
}

extension Translation {
  func operand(_ index: Int) throws(ONNXImportError) -> Value {
    guard index < operands.count, let value = operands[index] else { throw node.error("input \(index) is missing") }
    return value
  }

  func optionalOperand(_ index: Int) -> Value? { index < operands.count ? operands[index] : nil }

  /// Operand `index`, which must be known while importing; nil if it is left out.
  func optionalConstant(_ index: Int) throws(ONNXImportError) -> HostTensor? {
    guard let value = optionalOperand(index) else { return nil }
    guard let constant = value.constant else {
      throw node.unsupported("input \(index) ('\(node.inputs[index])') must be a constant")
    }
    return constant
  }

  func constant(_ index: Int) throws(ONNXImportError) -> HostTensor {
    guard let constant = try optionalConstant(index) else { throw node.error("input \(index) is missing") }
    return constant
  }

  /// Integers that are an attribute in older operator sets and a constant input in newer ones.
  func integers(input index: Int, orAttribute attribute: String?) throws(ONNXImportError) -> [Int]? {
    guard let constant = try optionalConstant(index) else {
      guard let attribute else { return nil }
      return try node.ints(attribute)
    }
    guard let elements = constant.integers else { throw node.error("input \(index) holds floats, needs integers") }
    return elements.map(Int.init)
  }

  /// A number that is an attribute in older operator sets and a constant input in newer ones.
  func scalar(input index: Int, orAttribute attribute: String, default value: Float) throws(ONNXImportError) -> Float {
    guard let constant = try optionalConstant(index) else { return try node.float(attribute, default: value) }
    guard constant.count == 1 else { throw node.error("input \(index) has \(constant.count) elements, needs 1") }
    return constant.floats[0]
  }

  /// Appends an operator and returns its output. A shape rule that refuses becomes an error that names the node.
  func emit(_ operation: some Operator, _ inputs: Value...) throws(ONNXImportError) -> Value {
    try emit(operation, inputs)
  }

  func emit(_ operation: some Operator, _ inputs: [Value]) throws(ONNXImportError) -> Value {
    let kind = try resultKind(of: operation, inputs)
    var tensors: [Graph.TensorID] = []
    // Masks of attention hold minus infinity; weights never do.
    let isArithmetic = operation is Binary || operation is Select
    for input in inputs { tensors.append(try tensor(input, allowsInfinity: isArithmetic)) }
    let output: Graph.TensorID
    do { output = try graph.append(operation, tensors, name: node.name) } catch {
      let shapes = inputs.map { "\($0.shape)" }.joined(separator: ", ")
      throw node.error(
        "inputs of shapes \(shapes) do not fit (\(error.reason.reason), found \(error.reason.found), needed \(error.reason.needed))"
      )
    }
    let shape = graph.graph.shape(output)
    guard shape.isValid else { throw node.unsupported("its result of shape \(shape) is too large") }
    return .computed(output, shape: shape.extents, kind: kind)
  }

  /// The tensor of the graph that holds the value; a constant is put into the graph as float32.
  func tensor(_ value: Value, allowsInfinity: Bool = false) throws(ONNXImportError) -> Graph.TensorID {
    switch value {
    case .computed(let tensor, _, _): return tensor
    case .constant(let constant):
      guard constant.floats.allSatisfy({ $0.isFinite || (allowsInfinity && !$0.isNaN) }) else {
        throw node.error("a constant input holds infinite values or NaN")
      }
      let tensor = graph.constant(try checkedShape(constant.shape), constant.floats, name: node.name)
      if let steps = constant.steps { graph.note(steps.scales, of: tensor) }
      return tensor
    }
  }

  func checkedShape(_ dimensions: [Int]) throws(ONNXImportError) -> Shape {
    guard dimensions.count <= Shape.maximumRank else {
      throw node.unsupported("a tensor with \(dimensions.count) dimensions; at most \(Shape.maximumRank) are supported")
    }
    var shape = Shape()
    for extent in dimensions {
      guard extent > 0, extent <= Int(Int32.max) else { throw node.unsupported("a tensor of shape \(dimensions)") }
      shape.append(extent)
    }
    guard shape.isValid else { throw node.unsupported("a tensor of shape \(dimensions) is too large") }
    // Positions along one axis are listed.
    try requireMemory(dimensions.max() ?? 0, stride: 32, for: "a tensor of shape \(dimensions) (node '\(node.name)')")
    return shape
  }
}

extension Translation {
  /// Positions along an axis, as the int32 constant that operators read them from.
  func positions(_ positions: [Int]) -> Value {
    .computed(graph.positions(positions.map { Int32($0) }, name: node.name), shape: [positions.count])
  }

  func reshaped(_ value: Value, _ shape: [Int]) throws(ONNXImportError) -> Value {
    if value.shape == shape { return value }
    if let constant = value.constant { return .constant(constant.reshaped(shape)) }
    return try emit(Reshape(try checkedShape(shape)), value)
  }

  func transposed(_ value: Value, _ order: [Int]) throws(ONNXImportError) -> Value {
    if order == Array(order.indices) { return value }
    if let constant = value.constant { return .constant(constant.transposed(order)) }
    _ = try checkedShape(value.shape)
    var permutation = Permutation(rank: order.count)
    for (axis, source) in order.enumerated() { permutation[axis] = source }
    return try emit(Transpose(permutation), value)
  }

  /// Runs `body` on an NCHW value as NHWC and brings the result back. A value [N, C, L] is taken as an image of height 1.
  func onFeatureMap(_ value: Value, _ body: (Value) throws(ONNXImportError) -> Value) throws(ONNXImportError) -> Value {
    let isLine = value.shape.count == 3
    guard isLine || value.shape.count == 4 else {
      throw node.unsupported("an input of shape \(value.shape); [N, C, H, W] and [N, C, L] are supported")
    }
    let image = isLine ? try reshaped(value, [value.shape[0], value.shape[1], 1, value.shape[2]]) : value
    let result = try transposed(try body(try transposed(image, [0, 2, 3, 1])), [0, 3, 1, 2])
    guard isLine else { return result }
    return try reshaped(result, [result.shape[0], result.shape[1], result.shape[3]])
  }

  func binary(_ function: Binary.Function, _ a: Value, _ b: Value) throws(ONNXImportError) -> Value {
    try emit(Binary(function), a, b)
  }

  func scaled(_ value: Value, by factor: Float) throws(ONNXImportError) -> Value {
    factor == 1 ? value : try binary(.multiply, value, .constant(HostTensor([], floats: [factor])))
  }

  func activated(_ value: Value, _ activation: Activation) throws(ONNXImportError) -> Value {
    try emit(Activate(activation), value)
  }
}
