/// The memory of one inference, known before anything runs.
///
///     arena:  | tensors, placed by the file's plan | scratch of the running operator |
///             0                     activationByteCount                  arenaByteCount
///
/// Tensor places come from the file and are the same everywhere; scratch depends on the number of threads only.
public struct InferencePlan: Equatable, Sendable {
  public let threads: Int
  /// Bytes for tensors; a multiple of 64.
  public let activationByteCount: Int
  /// Bytes of the operator that needs most scratch memory; a multiple of 64.
  public let scratchByteCount: Int
  /// What the session's arena must hold.
  public var arenaByteCount: Int { activationByteCount + scratchByteCount }

  /// `threads` is at least 1; `Session` uses at most as many parts for any operator.
  public init(for model: Model, threads: Int = 1) throws(ModelError) {
    self.threads = max(1, threads)
    activationByteCount = Format.aligned(model.activationByteCount)
    var largest = 0
    for index in 0..<model.operatorCount {
      let record = model.operatorRecord(index)
      // The check of the file has proved that every operator has an output, of the type that its shape rule gives.
      guard let output = model.operand(record, record.inputCount) else { continue }
      let question = ScratchByteCount(of: model.operands(of: record), output: model.tensor(output).type, parts: self.threads)
      largest = max(largest, try model.ask(record, question))
    }
    scratchByteCount = Format.aligned(largest)
  }
}
