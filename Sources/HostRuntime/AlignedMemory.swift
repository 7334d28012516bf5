import Glibc
public import TinyNN

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

  /// Memory whose size follows from a file, such as an arena: refused as too small with 0 bytes where the system has none.
  public convenience init(arena byteCount: Int) throws(ModelError) {
    try AvailableMemory.require(byteCount)
    self.init(byteCount: byteCount)
  }

  public convenience init(copying bytes: [UInt8]) {
    self.init(byteCount: bytes.count)
    buffer.copyBytes(from: bytes)
  }

  public convenience init(copying bytes: ByteRegion) {
    self.init(byteCount: bytes.count)
    memcpy(buffer.baseAddress!, bytes.pointer, bytes.count)
  }

  /// A copy of a file, refused in the same way.
  public convenience init(copyingFile bytes: ByteRegion) throws(ModelError) {
    try self.init(arena: bytes.count)
    memcpy(buffer.baseAddress!, bytes.pointer, bytes.count)
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

  /// The memory as float32 values.
  public var floats: Elements<Float> { Elements(buffer.baseAddress!, count: buffer.count / 4) }
}
