public import HostRuntime
public import TinyNN

/// An encoder whose tail was trained, opened.
public final class AdaptedEncoder {
  public let memory: AlignedMemory
  public let model: Model

  /// - Parameter task: what the encoder knew, or would know, without training: what an undo goes back to.
  ///   `calibration`: of the trained tail, by photos that were held out of its training.
  public init(_ before: Model, trained file: [UInt8], task: TaskFile, calibration: Calibration) throws(ModelError) {
    let trained = AlignedMemory(copying: file)
    let record = AdaptationRecord(before: before, after: try Model(validating: trained.bytes), task: task, calibration: calibration)
    let bytes = record.adapted(try Model(validating: trained.bytes))
    memory = withExtendedLifetime(trained) { AlignedMemory(copying: bytes) }
    model = try Model(validating: memory.bytes)
  }
}
