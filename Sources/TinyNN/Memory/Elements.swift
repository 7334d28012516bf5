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

extension Elements {
  /// The first element, for the C interface; valid as long as the memory's owner keeps its promise.
  @unsafe public var address: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(base) }
}

extension Elements {
  func isSameMemory(as other: Elements) -> Bool {
    // Compares addresses, touches nothing.
    unsafe base == other.base
  }

  /// The same memory as elements of another type, as many as fit. Tensors start at multiples of 64 bytes, so they are aligned.
  @inline(__always) func viewed<T: BitwiseCopyable>(as type: T.Type) -> Elements<T> {
    // The same bytes: never more of them than before.
    unsafe Elements<T>(UnsafeMutableRawPointer(base), count: count * MemoryLayout<Element>.stride / MemoryLayout<T>.stride)
  }
}
