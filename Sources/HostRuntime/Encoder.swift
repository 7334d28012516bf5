import Glibc
import TinyNN

/// A model opened for use on a host: its bytes, its plan, one arena, one session, its threads.
public final class Encoder {
  public let model: Model
  public let plan: InferencePlan
  public var session: Session
  private let bytes: BytesOwner
  private let arena: AlignedMemory
  private let pool: ThreadPool?

  /// What keeps the model's bytes alive.
  enum BytesOwner {
    case file(MappedFile)
    case memory(AlignedMemory)
  }

  /// Opens a mapped .tnn file. `kernels` nil: the fastest of this machine.
  public convenience init(file: MappedFile, threads: Int = 1, kernels: Kernels? = nil) throws(ModelError) {
    try self.init(.file(file), file.bytes, threads, kernels)
  }

  /// Opens the bytes of a .tnn file in memory; they are copied once, to an aligned address.
  public convenience init(bytes: [UInt8], threads: Int = 1, kernels: Kernels? = nil) throws(ModelError) {
    guard AvailableMemory.has(bytes.count) else { throw ModelError(.arenaTooSmall, found: 0, needed: bytes.count) }
    let memory = AlignedMemory(copying: bytes)
    try self.init(.memory(memory), memory.bytes, threads, kernels)
  }

  /// The same for memory that holds the file already.
  public convenience init(memory: AlignedMemory, threads: Int = 1, kernels: Kernels? = nil) throws(ModelError) {
    try self.init(.memory(memory), memory.bytes, threads, kernels)
  }

  private init(_ owner: BytesOwner, _ region: ByteRegion, _ threads: Int, _ kernels: Kernels?) throws(ModelError) {
    bytes = owner
    model = try Model(validating: region)
    plan = try InferencePlan(for: model, threads: threads)
    arena = try AlignedMemory(arena: plan.arenaByteCount)
    pool = threads > 1 ? ThreadPool(threadCount: threads) : nil
    session = try Session(model, plan, arena: arena.buffer, kernels: kernels ?? .best, workers: pool?.workers ?? .none)
  }
}

/// Memory at a multiple of 64, freed with this object.
public final class AlignedMemory: @unchecked Sendable {
  public let buffer: UnsafeMutableRawBufferPointer
  private let mappedByteCount: Int

  /// From this size on memory is mapped: the system gives zeroed pages when they are first touched, so that an arena costs
  /// nothing before it is used.
  private static let smallestMapping = 1 << 17

  /// `byteCount` bytes, zeroed.
  public init(byteCount: Int) {
    let size = Format.aligned(max(1, byteCount))
    if size >= AlignedMemory.smallestMapping,
      let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED
    {
      mappedByteCount = size
      buffer = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    } else {
      mappedByteCount = 0
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: Format.alignment)
      memset(memory.baseAddress!, 0, size)
      buffer = UnsafeMutableRawBufferPointer(start: memory.baseAddress!, count: byteCount)
    }
  }

  /// An arena, whose size follows from a file: refused as too small with 0 bytes where there is no memory for it.
  convenience init(arena byteCount: Int) throws(ModelError) {
    guard AvailableMemory.has(byteCount) else { throw ModelError(.arenaTooSmall, found: 0, needed: byteCount) }
    self.init(byteCount: byteCount)
  }

  public convenience init(copying bytes: [UInt8]) {
    self.init(byteCount: bytes.count)
    buffer.copyBytes(from: bytes)
  }

  deinit {
    if mappedByteCount > 0 { munmap(buffer.baseAddress!, mappedByteCount) } else { buffer.deallocate() }
  }

  /// Gives the pages behind the first `start` bytes back to the system; they hold zeros when they are used again.
  func release(from start: Int) {
    let page = Int(getpagesize()), first = (start + page - 1) / page * page
    guard mappedByteCount > first else { return }
    madvise(buffer.baseAddress! + first, mappedByteCount - first, MADV_DONTNEED)
  }

  public var bytes: ByteRegion { ByteRegion(buffer.baseAddress!, count: buffer.count) }
}
