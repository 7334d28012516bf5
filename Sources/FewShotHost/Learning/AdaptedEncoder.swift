public import FewShot
public import HostRuntime
public import TinyNN

/// An encoder whose weights were changed, by training its tail or by aligning it with a camera, opened.
public final class AdaptedEncoder {
  public let memory: AlignedMemory
  public let model: Model

  /// - Parameters:
  ///   - before: the encoder without the change.
  ///   - changed: the changed encoder, whose bytes must stay during the call.
  ///   - task: what the encoder knew, or would know, without the change: what an undo goes back to.
  ///   - calibration: of a trained tail, by photos that were held out of its training.
  ///   - keepsStatistics: embeddings of any photos stay what they were.
  ///   - aligned: the labelled photos as an aligned encoder sees them.
  public init(
    _ before: Model, changed: Model, task: TaskFile, calibration: Calibration?, keepsStatistics: Bool, aligned: Knowledge? = nil
  ) throws(ModelError) {
    let record = AdaptationRecord(before: before, after: changed, task: task, calibration: calibration, aligned: aligned)
    let writer = record.adapted(changed, keepsStatistics: keepsStatistics)
    memory = try AlignedMemory(arena: writer.byteCount)
    writer.write(to: UnsafeMutableRawBufferPointer(rebasing: memory.buffer[..<writer.byteCount]))
    model = try Model(validating: memory.bytes)
  }
}
