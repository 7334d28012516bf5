import TinyNN

/// Operands that do not fit an operator.
public struct CompileError: Error, CustomStringConvertible {
  public let node: String
  public let operation: String
  public let shapes: [String]
  public let reason: ModelError

  public var description: String {
    "node '\(node)' (\(operation)) on \(shapes.joined(separator: ", ")): "
      + "\(reason.reason), found \(reason.found), needed \(reason.needed)"
  }
}
