/// What a running operator sees: its operands, its scratch memory, its share of the work.
public struct OperatorContext {
  let model: Model
  let record: OperatorRecord
  let arena: Arena
  /// Start of the scratch memory in the arena.
  var scratchOffset: Int
  public let kernels: Kernels
  /// Which part of the output to compute, of how many.
  public let part: Int
  public let parts: Int
  /// Where operands are while the tail is trained; nil in inference.
  var training: TrainingOperands?

  var inputCount: Int { record.inputCount }

  func input(_ index: Int) -> Tensor { tensor(index) }
  func output(_ index: Int) -> Tensor { tensor(record.inputCount + index) }

  private func tensor(_ position: Int) -> Tensor {
    if OperatorSelection.hasFloat, let training { return training.tensor(position) }
    // The check of the file has proved that operands which shape rules ask for are there.
    guard let index = model.operand(record, position) else { preconditionFailure("operand left out") }
    return arena.tensor(index, of: model)
  }

  /// This part's share of `count` items: contiguous, in order, sizes differing by at most one.
  func share(of count: Int) -> Range<Int> { count * part / parts..<count * (part + 1) / parts }

  /// This part's own scratch memory of `byteCount` bytes.
  func scratch(share byteCount: Int) -> ScratchMemory {
    ScratchMemory(arena: arena, offset: scratchOffset + part * byteCount)
  }
}
