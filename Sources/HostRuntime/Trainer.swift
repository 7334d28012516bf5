public import TinyNN

/// The tail of a model being trained on a host: its plan, one arena, one session.
public final class Trainer {
  public let plan: TrainingPlan
  public var session: TrainingSession
  private let arena: AlignedMemory

  /// `model`'s bytes must stay as they are while this object lives. `kernels` nil: the fastest of this machine.
  public convenience init(_ model: Model, _ options: TrainingOptions, kernels: Kernels? = nil) throws(TrainingError) {
    try self.init(model, TrainingPlan(for: model, options), kernels: kernels)
  }

  /// The same with a plan of `model` that was made before.
  public init(_ model: Model, _ plan: TrainingPlan, kernels: Kernels? = nil) throws(TrainingError) {
    self.plan = plan
    // Without memory the session refuses the empty arena.
    arena = AlignedMemory(byteCount: AvailableMemory.has(plan.arenaByteCount) ? plan.arenaByteCount : 0)
    session = try TrainingSession(model, plan, arena: arena.buffer, kernels: kernels ?? .best)
  }

  /// Gives the memory of activations and scratch back to the system until the next pass: their contents are lost.
  public func releaseActivations() { arena.release(from: plan.weightByteCount + plan.stateByteCount) }

  /// The model's file with what was trained in it.
  public func trainedFile() -> AlignedMemory {
    let source = session.model.bytes
    let memory = AlignedMemory(copying: source)
    // Written by nobody else before this returns.
    var span = MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: memory.buffer[..<source.count]))
    session.write(into: &span)
    return memory
  }
}
