/// The operands of a tail's operator as training sees them: float32, the batch in axis 0, without int8 multipliers.
struct FloatOperands: OperandTypes {
  let model: Model
  let record: OperatorRecord
  let batch: Int

  var inputCount: Int { record.inputCount }

  func inputType(_ position: Int) -> TensorType? {
    guard position < inputCount, let tensor = model.operand(record, position) else { return nil }
    let tensorRecord = model.tensor(tensor)
    let shape = tensorRecord.type.shape
    return TensorType(.float32, tensorRecord.storage == .arena ? shape.batched(batch) : shape)
  }
}

/// `Operator.trainedCount`, of these operands.
struct TrainedCount: OperatorQuestion {
  let input: Int
  let operands: FloatOperands

  func answer<O: Operator>(_ operation: O) -> Int { operation.trainedCount(ofInput: input, of: operands) }
}

/// `Operator.differentiation`.
struct FindDifferentiation: OperatorQuestion {
  func answer<O: Operator>(_ operation: O) -> Differentiation? { operation.differentiation }
}

/// Scratch memory of a forward pass, and of a backward pass if there is one.
struct TrainingScratch: OperatorQuestion {
  let operands: FloatOperands
  let output: Shape
  let runsBackward: Bool

  func answer<O: Operator>(_ operation: O) -> Int {
    let forward = operation.scratchByteCount(of: operands, output: TensorType(.float32, output), parts: 1)
    return max(forward, runsBackward ? operation.backwardScratchByteCount(of: operands, output: output) : 0)
  }
}

/// Adds an operator's gradients.
struct RunBackward: OperatorQuestion {
  let context: BackwardContext

  func answer<O: Operator>(_ operation: O) { operation.backward(context) }
}
