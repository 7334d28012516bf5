/// The only memory that a session writes.
@safe struct Arena {
  private let base: UnsafeMutableRawPointer
  let byteCount: Int

  @unsafe init(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    self.byteCount = byteCount
  }

  func elements<T: BitwiseCopyable>(at offset: Int, count: Int) -> Elements<T> {
    assert(offset >= 0 && count >= 0 && offset + count * MemoryLayout<T>.stride <= byteCount)
    // In bounds: offsets come from a checked plan whose size the arena has been compared with.
    return unsafe Elements(base + offset, count: count)
  }
}
