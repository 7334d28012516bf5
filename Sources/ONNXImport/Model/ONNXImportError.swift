/// Why an ONNX file could not be imported. `description` is one line for people: what, where, what to do.
public struct ONNXImportError: Error, Equatable, CustomStringConvertible, Sendable {
  public enum Reason: Equatable, Sendable {
    /// The file, or a file with weights that it names, cannot be opened.
    case missing
    /// The operating system failed while reading.
    case unreadable
    /// The bytes are not a whole ONNX model.
    case malformed
    /// The model asks for something that is not supported, or that needs an option.
    case unsupported
    /// An operator's inputs or attributes contradict each other or the ONNX specification.
    case invalidNode
    /// An option of the caller does not fit the model.
    case wrongOption
  }

  public var reason: Reason
  public var description: String

  public init(_ reason: Reason, _ description: String) {
    self.reason = reason
    // Names come from the file and may hold anything; a message is one line all the same.
    self.description = String(
      String.UnicodeScalarView(description.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}

/// An operator that no translation exists for, with every node that uses it.
public struct UnsupportedOperator: Equatable, Sendable, CustomStringConvertible {
  /// `Domain.Operator`, or the operator alone in the standard domain.
  public var name: String
  public var nodeNames: [String]

  /// The operator and its first nodes: a network can have hundreds.
  public var description: String {
    let first = nodeNames.prefix(3).joined(separator: ", ")
    return "\(name) (\(first)\(nodeNames.count > 3 ? " and \(nodeNames.count - 3) more" : ""))"
  }
}

extension ONNXImportError {
  static func unsupportedOperators(_ operators: [UnsupportedOperator]) -> ONNXImportError {
    let list = operators.map(\.description).joined(separator: "; ")
    let count = operators.count == 1 ? "1 operator is" : "\(operators.count) operators are"
    return ONNXImportError(.unsupported, "\(count) not supported: \(list)")
  }
}
