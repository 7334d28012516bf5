import TinyNN

extension OperatorKind {
  /// The kind of an operator's type.
  package init<O: Operator>(of type: O.Type) {
    for code in UInt16(1)... {
      guard let kind = OperatorKind(rawValue: code) else { preconditionFailure("\(type) is no case of OperatorKind") }
      guard !kind.isKind(of: type) else {
        self = kind
        return
      }
    }
    preconditionFailure("more kinds than codes")
  }

  /// True if operators of this kind are of this type.
  package func isKind<O: Operator>(of type: O.Type) -> Bool {
    var visitor = Comparison<O>()
    return (try? accept(&visitor)) ?? false
  }
}

private struct Comparison<Wanted: Operator>: OperatorVisitor {
  func visit<O: Operator>(_ type: O.Type) -> Bool { O.self == Wanted.self }
}
