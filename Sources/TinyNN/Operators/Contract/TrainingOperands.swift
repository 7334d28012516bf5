/// Where the operands of one operator are while its tail is trained.
struct TrainingOperands {
  let places: Ref
  let arena: Arena
  /// The operator's number in the tail.
  let index: Int
  /// Where the output goes instead, when the operator runs again.
  var replacedOutput: Elements<Float>?

  /// The places stand in the session, which outlives every context it makes.
  @safe struct Ref {
    private let pointer: UnsafePointer<TrainingTensors>
    @unsafe init(_ pointer: UnsafePointer<TrainingTensors>) { unsafe self.pointer = pointer }
    var value: TrainingTensors {
      // Valid: see the type's comment. Never copied: it is large.
      _read { yield unsafe pointer.pointee }
    }
  }

  func tensor(_ position: Int) -> Tensor {
    let record = places.value.record(index)
    if position >= record.inputCount {
      if let replacedOutput { return Tensor(places.value.shape(index + 1), replacedOutput) }
      return activation(index + 1)
    }
    guard let tensor = places.value.model.operand(record, position) else { preconditionFailure("operand left out") }
    let type = places.value.model.tensor(tensor)
    if type.storage == .arena { return activation(places.value.local(tensor)) }
    guard let weights = places.value.weights(index, input: position) else { return arena.tensor(tensor, of: places.value.model) }
    return Tensor(type.type.shape, arena.elements(at: weights.offset, count: weights.count))
  }

  func activation(_ local: Int) -> Tensor {
    let shape = places.value.shape(local)
    return Tensor(shape, arena.elements(at: places.value.values[local], count: shape.count))
  }
}
