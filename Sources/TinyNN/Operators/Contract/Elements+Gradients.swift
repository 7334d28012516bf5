extension Elements where Element == Float {
  /// Adds `other`, of the same count, element by element.
  @inline(__always) func add(_ other: Elements<Float>) {
    assert(count == other.count)
    var i = 0
    while i &+ 8 <= count {
      store(vector(SIMD8<Float>.self, at: i) + other.vector(SIMD8<Float>.self, at: i), at: i)
      i &+= 8
    }
    while i < count {
      self[i] = self[i] + other[i]
      i &+= 1
    }
  }
}

extension Elements where Element == Float {
  /// Writes the four vectors of four values that start at the first four places as the columns of a 4x4 block at `at` of `target`,
  /// whose rows are `stride` apart.
  @inline(__always) func transpose4x4(
    _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, to target: Elements<Float>, at: Int, stride: Int
  ) {
    let (a, b) = (vector(SIMD4<Float>.self, at: first), vector(SIMD4<Float>.self, at: second))
    let (c, d) = (vector(SIMD4<Float>.self, at: third), vector(SIMD4<Float>.self, at: fourth))
    target.store(SIMD4(a[0], b[0], c[0], d[0]), at: at)
    target.store(SIMD4(a[1], b[1], c[1], d[1]), at: at &+ stride)
    target.store(SIMD4(a[2], b[2], c[2], d[2]), at: at &+ 2 &* stride)
    target.store(SIMD4(a[3], b[3], c[3], d[3]), at: at &+ 3 &* stride)
  }
}
