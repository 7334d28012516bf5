/// Where the operands of one operator are while its tail is trained.
struct TrainingOperands {
  let layout: Ref
  let arena: Arena
  let index: Int
  /// Where the output goes instead, when the operator runs again.
  var replacedOutput: Elements<Float>?

  /// The layout stands in the session, which outlives every context it makes.
  @safe struct Ref {
    private let pointer: UnsafePointer<TrainingLayout>
    @unsafe init(_ pointer: UnsafePointer<TrainingLayout>) { unsafe self.pointer = pointer }
    var value: TrainingLayout {
      // Valid: see the type's comment. Never copied: it is large.
      _read { yield unsafe pointer.pointee }
    }
  }

  func tensor(_ position: Int) -> Tensor {
    let record = layout.value.tail.record(index)
    if position >= record.inputCount {
      if let replacedOutput { return Tensor(layout.value.tail.shape(index + 1), replacedOutput) }
      return activation(index + 1)
    }
    guard let tensor = layout.value.tail.model.operand(record, position) else { preconditionFailure("operand left out") }
    let type = layout.value.tail.model.tensor(tensor)
    if type.storage == .arena { return activation(layout.value.tail.local(tensor)) }
    guard position >= 1, position <= 2 else { return arena.tensor(tensor, of: layout.value.tail.model) }
    let slot = layout.value.slot(index, input: position), block = layout.value.blocks[slot]
    guard block >= 0 else { return arena.tensor(tensor, of: layout.value.tail.model) }
    let count = layout.value.counts[slot]
    let start = layout.value.hasRoundedCopy(index, input: position) ? block + layout.value.stride(count) : block
    return Tensor(type.type.shape, arena.elements(at: start, count: count))
  }

  func activation(_ local: Int) -> Tensor {
    let shape = layout.value.tail.shape(local)
    return Tensor(shape, arena.elements(at: layout.value.values[local], count: shape.count))
  }
}

/// What an operator's `backward` sees: its operands as `run` saw them, and their gradients.
public struct BackwardContext {
  let forward: OperatorContext
  let operands: TrainingOperands

  func input(_ index: Int) -> Tensor { forward.input(index) }
  func output(_ index: Int) -> Tensor { forward.output(index) }
  var kernels: Kernels { forward.kernels }
  var scratch: ScratchMemory { forward.scratch(share: 0) }

  /// The gradient of the output; `backward` may overwrite it.
  var outputGradient: Elements<Float> { gradient(operands.index + 1)! }

  /// The gradient of activations `index`, to be added to; nil if nobody wants it.
  func inputGradient(_ index: Int) -> Elements<Float>? {
    let tensor = forward.model.operand(forward.record, index)
    guard let tensor, forward.model.tensor(tensor).storage == .arena else { return nil }
    return gradient(operands.layout.value.tail.local(tensor))
  }

  /// The gradient of constant weights (1) or bias (2) in their packed layout, to be added to; nil if they do not train.
  func weightGradient(_ index: Int) -> Elements<Float>? {
    operands.layout.value.gradientOffset(operands.index, input: index).map { offset in
      operands.arena.elements(
        at: offset, count: operands.layout.value.counts[operands.layout.value.slot(operands.index, input: index)])
    }
  }

  private func gradient(_ local: Int) -> Elements<Float>? {
    let offset = operands.layout.value.gradients[local]
    return offset < 0 ? nil : operands.arena.elements(at: offset, count: operands.layout.value.tail.shape(local).count)
  }
}
