import ModelCompiler
import TinyNN

extension ModelSummary {
  /// The fields that `import` and `inspect` share.
  var fields: [(name: String, value: JSON)] {
    [
      ("operators", .object(operatorCounts.map { ($0.name, .integer($0.count)) })),
      ("parameters", .integer(parameterCount)),
      ("macs", .integer(multiplyAdds)),
      ("arenaBytes", .integer(plan.arenaByteCount)),
      ("weightBytes", .integer(model.weightByteCount)),
      ("input", interface(model.input(0))),
      ("output", interface(model.output(0))),
      ("inputs", .array((0..<model.inputCount).map { interface(model.input($0)) })),
      ("outputs", .array((0..<model.outputCount).map { interface(model.output($0)) })),
    ]
  }

  private func interface(_ tensor: Int) -> JSON {
    let record = model.tensor(tensor)
    var fields: JSON = [
      "name": .string(tensorName(tensor)), "shape": JSON(record.type.shape.extents), "type": .string("\(record.type.elementType)"),
    ]
    if record.type.shape.rank == 4, isInput(tensor) { fields.append("layout", "NHWC") }
    return fields
  }

  /// The name of a tensor, or "tensor N".
  func tensorName(_ tensor: Int) -> String {
    let name = model.name(at: model.tensor(tensor).nameOffset).string
    return name.isEmpty ? "tensor \(tensor)" : name
  }

  func isInput(_ tensor: Int) -> Bool { (0..<model.inputCount).contains { model.input($0) == tensor } }
  func isOutput(_ tensor: Int) -> Bool { (0..<model.outputCount).contains { model.output($0) == tensor } }

  /// The same for people, a line each.
  var lines: [String] {
    let operators = operatorCounts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    var lines = ["operators   \(layers.count): \(operators)"]
    for index in 0..<model.inputCount { lines.append("input       \(describe(model.input(index)))") }
    for index in 0..<model.outputCount {
      lines.append("\(index == 0 ? "embedding " : "output    ")  \(describe(model.output(index)))")
    }
    lines.append("parameters  \(grouped(parameterCount))")
    lines.append("MACs        \(grouped(multiplyAdds))")
    lines.append("weights     \(grouped(model.weightByteCount)) bytes (\(ByteSize(model.weightByteCount)))")
    lines.append(
      """
      arena       \(grouped(plan.arenaByteCount)) bytes (\(ByteSize(plan.arenaByteCount))): \
      \(grouped(plan.activationByteCount)) of tensors, 
      """
        + "\(grouped(plan.scratchByteCount)) of scratch")
    return lines.map(\.onOneLine)
  }

  private func describe(_ tensor: Int) -> String {
    let type = model.tensor(tensor).type
    let layout = type.shape.rank == 4 && isInput(tensor) ? " NHWC" : ""
    return "\(tensorName(tensor)) \(type.shape)\(layout) \(type.elementType)"
  }
}

/// 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
