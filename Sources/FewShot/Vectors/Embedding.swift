package import TinyNN

/// One embedding: float32 values in memory that somebody else keeps alive.
///
/// Safe to use because every access is inside `count` (asserted in debug builds).
@safe public struct Embedding: @unchecked Sendable {
  package let base: UnsafePointer<Float>
  public let count: Int

  /// The caller keeps `count` values at `base` alive as long as this value is in use.
  @unsafe public init(_ base: UnsafePointer<Float>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inline(__always) public subscript(index: Int) -> Float {
    assert(index >= 0 && index < count)
    // In bounds: see the type's comment.
    return unsafe base[index]
  }

  /// The scalar product; for embeddings of length 1 it is the cosine.
  ///
  /// Eight partial sums, of the elements with index k modulo 8 in order, then their sum in pairs, each product rounded before
  /// it is added: the same bits on every machine. Precondition: both have the same count.
  public func dot(_ other: Embedding) -> Float {
    assert(count == other.count)
    var sums = SIMD8<Float>(repeating: 0)
    let whole = count & ~7
    var index = 0
    while index < whole {
      // In bounds: index + 8 <= count.
      let a = unsafe UnsafeRawPointer(base + index).loadUnaligned(as: SIMD8<Float>.self)
      let b = unsafe UnsafeRawPointer(other.base + index).loadUnaligned(as: SIMD8<Float>.self)
      sums = sums + a * b
      index += 8
    }
    while index < count {
      sums[index & 7] = sums[index & 7] + self[index] * other[index]
      index += 1
    }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
  }

  /// True if the values are finite and the length is 1 to float precision, or all values are 0.
  package var isNormalized: Bool {
    let square = dot(self)
    return square == 0 || (square > 0.999 && square < 1.001)
  }
}

/// Embeddings of equal dimension one after the other, [count][dimension], in memory that somebody else keeps alive.
///
/// Safe to use because every row is inside `count` (asserted in debug builds).
@safe public struct EmbeddingMatrix: @unchecked Sendable {
  package let base: UnsafePointer<Float>
  public let count: Int
  public let dimension: Int

  /// The caller keeps `count * dimension` values at `base` alive as long as this value is in use.
  @unsafe public init(_ base: UnsafePointer<Float>, count: Int, dimension: Int) {
    unsafe self.base = base
    self.count = count
    self.dimension = dimension
  }

  /// Rows in a part of a file that was checked to hold them, at a multiple of 4 bytes.
  package init(_ bytes: ByteRegion, count: Int, dimension: Int) {
    // The section was checked to hold the rows, and sections start at multiples of 64.
    unsafe self.init(bytes.pointer.assumingMemoryBound(to: Float.self), count: count, dimension: dimension)
  }

  @inline(__always) public subscript(row: Int) -> Embedding {
    assert(row >= 0 && row < count)
    // In bounds: see the type's comment.
    return unsafe Embedding(base + row * dimension, count: dimension)
  }
}
