/// How one element of a tensor is stored. The raw value is the code in the file.
public enum ElementType: UInt8, Sendable {
  case float32 = 1
  case int8 = 2
  case int32 = 3

  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .int8: 1
    }
  }
}

/// What an operator's shape rule knows of an operand.
public struct TensorType: Equatable, Sendable {
  public var elementType: ElementType
  public var shape: Shape

  public init(_ elementType: ElementType, _ shape: Shape) {
    self.elementType = elementType
    self.shape = shape
  }
}

/// The operands of one operator, seen by its shape rule: the compiler's graph and the checked file both provide it.
public protocol OperandTypes {
  var inputCount: Int { get }
  /// The type of input `index`, or nil where an optional input is left out.
  func inputType(_ index: Int) -> TensorType?
}
