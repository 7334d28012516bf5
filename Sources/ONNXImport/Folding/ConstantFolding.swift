/// Evaluates operators whose inputs are all known while importing: the arithmetic on shapes that exporters write, and
/// arithmetic on small weights.
struct ConstantFolding {
  let node: Node
  /// Nil for optional inputs that are left out.
  let inputs: [HostTensor?]

  typealias Rule = @Sendable (ConstantFolding) throws(ONNXImportError) -> [HostTensor]

  /// The rules by operator of the standard domain. An operator without a rule is translated instead.
  static let rules: [String: Rule] = arithmeticRules.merging(shapeRules) { $1 }.merging(reductionRules) { $1 }
    .merging(quantizationRules) { $1 }.merging(scatterRules) { $1 }
    .merging(normalizationRules) { $1 }

  /// Results beyond this many elements are not folded but computed at run time, or refused.
  static let largestElementCount = 1 << 24

  /// The most elements of one constant, such as a weight of equal elements.
  static let largestWeightCount = 1 << 27

  /// The outputs of the node, or nil if there is no rule for its operator.
  static func evaluate(_ node: Node, _ inputs: [HostTensor?]) throws(ONNXImportError) -> [HostTensor]? {
    guard node.domain.isEmpty, let rule = rules[node.proto.opType] else { return nil }
    return try rule(ConstantFolding(node: node, inputs: inputs))
  }

  func input(_ index: Int) throws(ONNXImportError) -> HostTensor {
    guard index < inputs.count, let tensor = inputs[index] else { throw node.error("input \(index) is missing") }
    return tensor
  }

  func optionalInput(_ index: Int) -> HostTensor? { index < inputs.count ? inputs[index] : nil }

  func integers(_ index: Int) throws(ONNXImportError) -> [Int] {
    guard let elements = try input(index).integers else { throw node.error("input \(index) holds floats, needs integers") }
    return elements.map(Int.init)
  }

  /// Values that are an attribute in older operator sets and an input in newer ones.
  func integers(input index: Int, orAttribute attribute: String) throws(ONNXImportError) -> [Int]? {
    try optionalInput(index) == nil ? node.ints(attribute) : integers(index)
  }

  func checkCount(_ shape: [Int], limit: Int = ConstantFolding.largestElementCount) throws(ONNXImportError) {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, extent))
      guard extent >= 0, !overflow, product <= limit else {
        throw node.error("a constant of shape \(shape) is too large")
      }
      count = product
    }
    // The result, and the positions in the operands.
    try requireMemory(count, stride: 32, for: "a constant of shape \(shape) (node '\(node.name)')")
  }

  func broadcastShape(_ shapes: [[Int]]) throws(ONNXImportError) -> [Int] {
    var result: [Int] = []
    for shape in shapes {
      guard let next = ONNXImport.broadcastShape(result, shape) else {
        throw node.error("shapes \(shapes) do not broadcast")
      }
      result = next
    }
    try checkCount(result)
    return result
  }
}
