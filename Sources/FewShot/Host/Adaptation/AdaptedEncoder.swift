public import HostRuntime
public import TinyNN

/// An encoder whose weights were changed, by training its tail or by aligning it with a camera, opened.
public final class AdaptedEncoder {
  public let memory: AlignedMemory
  public let model: Model

  /// - Parameters:
  ///   - changed: the file of the changed encoder.
  ///   - task: what the encoder knew, or would know, without the change: what an undo goes back to.
  ///   - calibration: of a trained tail, by photos that were held out of its training.
  ///   - keepsStatistics: embeddings of any photos stay what they were.
  public init(
    _ before: Model, changed file: [UInt8], task: TaskFile, calibration: Calibration?, keepsStatistics: Bool
  ) throws(ModelError) {
    let changed = AlignedMemory(copying: file)
    let record = AdaptationRecord(before: before, after: try Model(validating: changed.bytes), task: task, calibration: calibration)
    let bytes = record.adapted(try Model(validating: changed.bytes), keepsStatistics: keepsStatistics)
    memory = withExtendedLifetime(changed) { AlignedMemory(copying: bytes) }
    model = try Model(validating: memory.bytes)
  }
}
