extension Elements<UInt8> {
  /// Writes a value at any byte offset.
  public func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    assert(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    // In bounds: the caller has counted with the same calls.
    unsafe UnsafeMutableRawPointer(base + offset).storeBytes(of: value, as: T.self)
  }

  /// Writes a size as 64 bits. Sizes are below 2^31 on 32-bit targets.
  public func storeSize(_ value: Int, at offset: Int) {
    store(UInt32(truncatingIfNeeded: value), at: offset)
    store(MemoryLayout<Int>.size == 8 ? UInt32(truncatingIfNeeded: value / 65_536 / 65_536) : 0, at: offset + 4)
  }

  public func copy(_ bytes: ByteRegion, to offset: Int) {
    assert(offset >= 0 && offset + bytes.count <= count)
    // In bounds, as above; the caller promises that target and source do not overlap.
    unsafe UnsafeMutableRawPointer(base + offset).copyMemory(from: bytes.base, byteCount: bytes.count)
  }

  /// The first `count` bytes, read only; valid as long as these are.
  public func region(_ count: Int) -> ByteRegion {
    assert(count >= 0 && count <= self.count)
    // The same memory.
    return unsafe ByteRegion(UnsafeRawPointer(base), count: count)
  }

  public var region: ByteRegion { region(count) }

  func clear(_ range: Range<Int>) { for index in range { self[index] = 0 } }
}
