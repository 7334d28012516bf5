import TinyNN

/// A model opened for use on a host: its bytes, its plan, one arena, one session, its threads.
public final class ModelRunner {
  public let model: Model
  public let plan: InferencePlan
  public var session: Session
  private let bytes: BytesOwner
  private let arena: AlignedMemory
  private let pool: ThreadPool?
  private let backend: AnyObject?

  /// What keeps the model's bytes alive.
  enum BytesOwner {
    case file(MappedFile)
    case memory(AlignedMemory)
  }

  /// Opens a mapped .tnn file. `kernels` nil: the fastest of this machine; `backend` is what they need, which lives as long as
  /// this object.
  public convenience init(
    file: MappedFile, threads: Int = 1, kernels: Kernels? = nil, backend: AnyObject? = nil
  ) throws(ModelError) {
    try self.init(.file(file), file.bytes, threads, kernels, backend)
  }

  /// Opens the bytes of a .tnn file in memory; they are copied once, to an aligned address.
  public convenience init(bytes: [UInt8], threads: Int = 1, kernels: Kernels? = nil) throws(ModelError) {
    try AvailableMemory.require(bytes.count)
    let memory = AlignedMemory(copying: bytes)
    try self.init(.memory(memory), memory.bytes, threads, kernels, nil)
  }

  /// The same for memory that holds the file already.
  public convenience init(memory: AlignedMemory, threads: Int = 1, kernels: Kernels? = nil) throws(ModelError) {
    try self.init(.memory(memory), memory.bytes, threads, kernels, nil)
  }

  private init(
    _ owner: BytesOwner, _ region: ByteRegion, _ threads: Int, _ kernels: Kernels?, _ backend: AnyObject?
  ) throws(ModelError) {
    bytes = owner
    self.backend = backend
    model = try Model(validating: region)
    plan = try InferencePlan(for: model, threads: threads)
    arena = try AlignedMemory(arena: plan.arenaByteCount)
    pool = threads > 1 ? ThreadPool(threadCount: threads) : nil
    session = try Session(model, plan, arena: arena.buffer, kernels: kernels ?? .best, workers: pool?.workers ?? .none)
  }

  /// Gives the arena's memory back to the system until the next run: what it holds is lost.
  public func releaseMemory() { arena.release(from: 0) }
}
