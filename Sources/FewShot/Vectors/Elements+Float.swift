package import TinyNN

// What vectors of float32 values do in memory that the caller lent.
extension Elements<Float> {
  /// The same memory, read only.
  package var embedding: Embedding {
    // The caller keeps the memory alive, as it does for this value.
    unsafe Embedding(address.assumingMemoryBound(to: Float.self), count: count)
  }

  /// The same memory as `rows` embeddings one after the other, read only. Precondition: it holds them.
  package func matrix(_ rows: Int, _ dimension: Int) -> EmbeddingMatrix {
    assert(rows >= 0 && dimension >= 0 && rows * dimension <= count)
    // In bounds: see the precondition; the caller keeps the memory alive, as it does for this value.
    return unsafe EmbeddingMatrix(address.assumingMemoryBound(to: Float.self), count: rows, dimension: dimension)
  }

  /// The Euclidean length, of values whose squares do not overflow: summed in order.
  package var length: Float {
    var sum: Float = 0
    for index in 0..<count { sum = sum + self[index] * self[index] }
    return sum.squareRoot()
  }

  package func clear() { for index in 0..<count { self[index] = 0 } }

  package func copy(_ embedding: Embedding) { for index in 0..<count { self[index] = embedding[index] } }

  package func add(_ embedding: Embedding) { for index in 0..<count { self[index] = self[index] + embedding[index] } }

  /// See `MutableSpan.normalize()`.
  package func normalize() -> Float {
    var largest: Float = 0
    for index in 0..<count {
      let magnitude = self[index].magnitude
      if magnitude > largest || magnitude != magnitude { largest = magnitude }
    }
    guard largest > 0, largest.isFinite else { return largest }
    // 2 to the power -e for 2^e <= largest < 2^(e + 1), limited to normal numbers: scaling by it is exact.
    let exponent = largest.bitPattern & 0x7F80_0000
    let scale = Float(bitPattern: max(0x7F00_0000 &- min(exponent, 0x7F00_0000), 0x0080_0000))
    for index in 0..<count { self[index] = self[index] * scale }
    let root = embedding.dot(embedding).squareRoot()
    for index in 0..<count { self[index] = self[index] / root }
    return root / scale
  }

  /// Replaces the first `count` values by the softmax of `scale` times them.
  package func softmax(scale: Float, _ count: Int) {
    var largest = -Float.infinity
    for index in 0..<count { largest = max(largest, self[index]) }
    var total: Float = 0
    for index in 0..<count {
      self[index] = ElementaryMath.exp(scale * (self[index] - largest))
      total = total + self[index]
    }
    for index in 0..<count { self[index] = self[index] / total }
  }

  /// Sorts the first `count` values in ascending order (heapsort). Precondition: none of them is NaN.
  package func sort(first count: Int) {
    var start = count / 2
    while start > 0 {
      start -= 1
      sink(start, count)
    }
    var end = count - 1
    while end > 0 {
      swap(0, end)
      sink(0, end)
      end -= 1
    }
  }

  private func sink(_ start: Int, _ end: Int) {
    var parent = start
    while 2 * parent + 1 < end {
      var child = 2 * parent + 1
      if child + 1 < end, self[child] < self[child + 1] { child += 1 }
      if self[parent] >= self[child] { return }
      swap(parent, child)
      parent = child
    }
  }

  private func swap(_ a: Int, _ b: Int) {
    let value = self[a]
    self[a] = self[b]
    self[b] = value
  }
}

extension MutableSpan<Float> {
  /// Scales the values to length 1 and returns the length they had. Zeros stay zeros; where a value is not finite, nothing
  /// changes and the result is not finite.
  ///
  /// The values are scaled by a power of two first, so that no square overflows.
  @_lifetime(self: copy self)
  public mutating func normalize() -> Float { withElements { $0.normalize() } }

  /// Lends the values to `body`.
  @_lifetime(self: copy self)
  package mutating func withElements<R>(_ body: (Elements<Float>) -> R) -> R {
    // The view is used inside the closure only. An empty span may have no address and is never read.
    unsafe withUnsafeMutableBufferPointer {
      let base = unsafe $0.baseAddress ?? UnsafeMutablePointer(bitPattern: 64)!
      return body(unsafe Elements(UnsafeMutableRawPointer(base), count: $0.count))
    }
  }
}
