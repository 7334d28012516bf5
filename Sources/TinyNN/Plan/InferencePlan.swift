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
      var size = ScratchSize(model: model, record: record, parts: self.threads)
      largest = max(largest, try record.kind.accept(&size))
    }
    scratchByteCount = Format.aligned(largest)
  }
}

private struct ScratchSize: OperatorVisitor {
  let model: Model
  let record: OperatorRecord
  let parts: Int

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Int {
    var reader = AttributeReader(model.attributes(record))
    let instance = try O(decoding: &reader)
    let operands = ModelOperands(model: model, record: record)
    return instance.scratchByteCount(of: operands, output: try instance.outputType(0, of: operands), parts: parts)
  }
}
