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

  var isAligned: Bool { unsafe UInt(bitPattern: base) % UInt(Format.alignment) == 0 }
}

/// Elements in memory that is valid while the owner of the arena or of the model's bytes lives.
///
/// Safe to use because each one is made from a region that was checked when the model was opened, and every access is
/// asserted in debug builds.
@safe public struct Elements<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  public let count: Int

  /// The caller keeps `count` elements at `base`, suitably aligned, alive as long as this value is in use.
  @unsafe public init(_ base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base.assumingMemoryBound(to: Element.self)
    self.count = count
  }

  @inline(__always) public subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      // In bounds: operators index by shapes that the model's check has compared with the byte counts.
      return unsafe base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      // In bounds: as above; constants are never written (operators write outputs and scratch only).
      unsafe base[index] = newValue
    }
  }

  @inline(__always) public func slice(_ start: Int, _ count: Int) -> Elements {
    assert(start >= 0 && count >= 0 && start + count <= self.count)
    // In bounds: as above.
    return unsafe Elements(UnsafeMutableRawPointer(base + start), count: count)
  }

  /// Copies `count` elements of other memory, which start at `from` there, to `to` and behind.
  @inline(__always) func copy(_ count: Int, of source: Elements, from: Int, to: Int) {
    assert(from >= 0 && to >= 0 && count >= 0 && from + count <= source.count && to + count <= self.count)
    // In bounds: as above.
    unsafe (base + to).update(from: source.base + from, count: count)
  }

  /// The values of a vector from `index` on, at any alignment of elements.
  @inline(__always) func vector<Vector: SIMD & BitwiseCopyable>(_ type: Vector.Type, at index: Int) -> Vector
  where Vector.Scalar == Element {
    assert(index >= 0 && index + Vector.scalarCount <= count)
    // In bounds: as above.
    return unsafe UnsafeRawPointer(base + index).loadUnaligned(as: type)
  }

  @inline(__always) func store<Vector: SIMD & BitwiseCopyable>(_ vector: Vector, at index: Int) where Vector.Scalar == Element {
    assert(index >= 0 && index + Vector.scalarCount <= count)
    // In bounds: as above.
    unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: vector, as: Vector.self)
  }

  /// The elements as a span, for code that takes one. The result must not outlive the arena.
  public var span: Span<Element> {
    @_lifetime(borrow self) get {
      // The elements outlive this value: they belong to the arena or to the model's bytes.
      let span = unsafe Span(_unsafeStart: base, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
