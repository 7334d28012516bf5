/// Every objective.
///
/// A new one is one case here, one arm of `accept`, and its own file.
public enum ObjectiveKind: UInt8, Sendable {
  case prototype = 1
  case rotation

  /// Calls the visitor with the objective's type; the only switch over objectives, specialised for each visitor.
  @inline(__always)
  public func accept<Visitor: ObjectiveVisitor>(_ visitor: inout Visitor) -> Visitor.Result {
    switch self {
    case .prototype: visitor.visit(Prototype.self)
    case .rotation: visitor.visit(Rotation.self)
    }
  }
}

/// Something done with an objective whose type is only known when it runs, without an existential.
public protocol ObjectiveVisitor {
  associatedtype Result
  mutating func visit<O: Objective>(_ type: O.Type) -> Result
}
