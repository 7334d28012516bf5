// Checks that shape rules share.
extension OperandTypes {
  /// The type of input `index`, which must be there and be float32.
  func float32(_ index: Int) throws(ModelError) -> TensorType {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType == .float32 else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(ElementType.float32.rawValue))
    }
    return type
  }

  /// As `float32(_:)`, and of rank `rank`.
  func float32(_ index: Int, rank: Int) throws(ModelError) -> TensorType {
    let type = try float32(index)
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type
  }

  /// The type of input `index`, which must be there and hold activations: float32 or int8.
  func activations(_ index: Int) throws(ModelError) -> TensorType {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType != .int32 else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(ElementType.float32.rawValue))
    }
    return type
  }

  /// As `activations(_:)`, and of rank `rank`.
  func activations(_ index: Int, rank: Int) throws(ModelError) -> TensorType {
    let type = try activations(index)
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type
  }

  /// The shape of input `index`, which must be there, hold `elementType`, and have rank `rank`.
  func shape(_ index: Int, of elementType: ElementType, rank: Int) throws(ModelError) -> Shape {
    guard index < inputCount, let type = inputType(index) else {
      throw ModelError(.wrongOperandCount, found: inputCount, needed: index + 1)
    }
    guard type.elementType == elementType else {
      throw ModelError(.operandTypeMismatch, found: Int(type.elementType.rawValue), needed: Int(elementType.rawValue))
    }
    guard type.shape.rank == rank else { throw ModelError(.wrongShape, found: type.shape.rank, needed: rank) }
    return type.shape
  }

  /// Checks what stands behind weights: for float32 activations a float32 bias [channels]; for int8 activations an int32
  /// bias and float32 multipliers, both [channels], and an activation that is a clamp.
  func requireBias(channels: Int, for elementType: ElementType, _ activation: Activation) throws(ModelError) {
    let isInt8 = elementType == .int8
    try require(inputs: isInt8 ? 4 : 3)
    try TinyNN.require(try shape(2, of: isInt8 ? .int32 : .float32, rank: 1)[0], is: channels)
    guard isInt8 else { return }
    try TinyNN.require(try shape(3, of: .float32, rank: 1)[0], is: channels)
    guard activation.isClampOrNone else { throw ModelError(.attributeOutOfRange, found: Int(activation.function.rawValue)) }
  }

  /// True if input `index` is int8. Precondition: the shape rule has accepted the operands.
  func isInt8(_ index: Int) -> Bool { inputType(index)?.elementType == .int8 }

  func require(inputs count: Int) throws(ModelError) {
    guard inputCount == count else { throw ModelError(.wrongOperandCount, found: inputCount, needed: count) }
  }

  /// The shape of input `index`. Precondition: the shape rule has accepted the operands.
  func shape(_ index: Int) -> Shape { inputType(index)?.shape ?? Shape() }
}

/// Throws `wrongShape` unless `found` is `needed`.
func require(_ found: Int, is needed: Int) throws(ModelError) {
  guard found == needed else { throw ModelError(.wrongShape, found: found, needed: needed) }
}
