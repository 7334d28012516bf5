/// Bytes that somebody else keeps alive and unchanged: a mapped file, flash, a caller's buffer.
///
/// Safe to use because every load stays inside `count` (asserted in debug builds); the checked reader proves offsets
/// before it loads, and the run loop only repeats loads that the reader has made. All values are little endian, as all
/// supported targets are.
@safe public struct ByteRegion: @unchecked Sendable {
  let base: UnsafeRawPointer
  public let count: Int

  /// The caller keeps `count` readable bytes at `base` alive and unchanged as long as this value or anything made from
  /// it (a `Model`, a `Session`) is in use.
  @unsafe public init(_ base: UnsafeRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @unsafe public init(_ buffer: UnsafeRawBufferPointer) {
    // An empty buffer may have no base; a region of zero bytes is never loaded from, so any address serves.
    unsafe self.init(buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!, count: buffer.count)
  }

  @inline(__always) public func load<T: BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    assert(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    // In bounds: see the type's comment.
    return unsafe base.loadUnaligned(fromByteOffset: offset, as: type)
  }

  @inline(__always) public func word(_ offset: Int) -> UInt32 { load(UInt32.self, at: offset) }
  @inline(__always) public func index(_ offset: Int) -> Int { Int(truncatingIfNeeded: load(UInt32.self, at: offset)) }

  /// A 64-bit offset or size, or -1 where it is beyond a quarter of the target's address space.
  @inline(__always) public func size(_ offset: Int) -> Int {
    let (low, high) = (word(offset), word(offset + 4))
    let fits = MemoryLayout<Int>.size == 8 ? high < 0x4000_0000 : high == 0 && low < 0x4000_0000
    return fits ? Int(truncatingIfNeeded: load(UInt64.self, at: offset)) : -1
  }

  /// The sub-region of `count` bytes at `offset`. Precondition: it lies inside.
  @inline(__always) public func slice(_ offset: Int, _ count: Int) -> ByteRegion {
    assert(offset >= 0 && count >= 0 && offset + count <= self.count)
    // In bounds: see the type's comment.
    return unsafe ByteRegion(base + offset, count: count)
  }

  /// True if `[offset, offset + length)` lies inside, without overflow for any values.
  public func contains(_ offset: Int, _ length: Int) -> Bool {
    offset >= 0 && length >= 0 && offset <= count && length <= count - offset
  }

  /// True if the first byte is at a multiple of `alignment`.
  func isAligned(to alignment: Int) -> Bool { unsafe UInt(bitPattern: base) % UInt(alignment) == 0 }
}

extension ByteRegion {
  /// The first byte, for modules that read whole vectors from a section; valid as long as the bytes' owner keeps its promise.
  @unsafe public var pointer: UnsafeRawPointer { unsafe base }
}
