import Glibc
public import TinyNN

/// The tail of a model being trained on a host: its plan, one arena, one session.
public final class Trainer {
  public let plan: TrainingPlan
  public var session: TrainingSession
  private let arena: AlignedMemory

  /// `model`'s bytes must stay as they are while this object lives. `kernels` nil: the fastest of this machine.
  public init(_ model: Model, _ options: TrainingOptions, kernels: Kernels? = nil) throws(TrainingError) {
    plan = try TrainingPlan(for: model, options)
    arena = AlignedMemory(byteCount: plan.arenaByteCount)
    session = try TrainingSession(model, plan, arena: arena.buffer, kernels: kernels ?? .best)
  }

  /// The model's file with what was trained in it.
  public func trainedFile() -> [UInt8] {
    let source = session.model.bytes
    var bytes = [UInt8](repeating: 0, count: source.count)
    for i in 0..<source.count { bytes[i] = source.load(UInt8.self, at: i) }
    bytes.withUnsafeMutableBytes { buffer in
      // The span does not leave this closure.
      var span = MutableRawSpan(_unsafeBytes: buffer)
      session.write(into: &span)
    }
    return bytes
  }
}
