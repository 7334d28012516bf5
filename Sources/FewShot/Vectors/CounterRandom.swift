/// Random numbers that depend on a seed, a stream and a position only: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel
/// random numbers: as easy as 1, 2, 3", 2011).
///
/// The key is the seed; the counter's low half counts blocks of four numbers, its high half is the stream. So streams of one
/// seed never meet, and the same numbers come on every machine.
public struct CounterRandom: Sendable {
  private let key: SIMD2<UInt32>
  private let stream: SIMD2<UInt32>
  private var block: UInt32 = 0
  private var position = 4
  private var numbers = SIMD4<UInt32>(repeating: 0)

  /// `stream` counts the independent uses of one seed; 2^34 numbers belong to each.
  public init(seed: UInt64, stream: UInt64 = 0) {
    key = CounterRandom.halves(seed)
    self.stream = CounterRandom.halves(stream)
  }

  public mutating func next() -> UInt32 {
    if position == 4 {
      numbers = CounterRandom.philox(counter: SIMD4(block, 0, stream.x, stream.y), key: key)
      block = block &+ 1
      position = 0
    }
    position += 1
    return numbers[position - 1]
  }

  /// A number in 0 ..< `bound`, each with the same probability (Lemire, "Fast random integer generation in an interval",
  /// 2019). Precondition: 1 <= `bound` < 2^31.
  public mutating func next(below bound: Int) -> Int {
    let bound = UInt32(truncatingIfNeeded: bound)
    var product = CounterRandom.product(next(), bound)
    if product.low < bound {
      let least = (0 &- bound) % bound
      while product.low < least { product = CounterRandom.product(next(), bound) }
    }
    return Int(truncatingIfNeeded: product.high)
  }

  /// A number in 0 ..< 1, a multiple of 2^-24.
  public mutating func nextUnit() -> Float { Float(bitPattern: 0x3F80_0000 | (next() &>> 9)) - 1 }

  /// A number in `low` ..< `high`.
  public mutating func next(from low: Float, to high: Float) -> Float { low + (high - low) * nextUnit() }

  /// Moves `count` values chosen at random, in random order, to the front. Precondition: `count` is at most the span's.
  public mutating func select(_ count: Int, of values: inout MutableSpan<Int32>) {
    for index in 0..<count { values.swapAt(index, index + next(below: values.count - index)) }
  }

  package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let a = product(0xD251_1F53, c.x), b = product(0xCD9E_8D57, c.z)
      c = SIMD4(b.high ^ c.y ^ k.x, b.low, a.high ^ c.w ^ k.y, a.low)
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
  }

  @inline(__always) private static func product(_ a: UInt32, _ b: UInt32) -> (high: UInt32, low: UInt32) {
    let full = a.multipliedFullWidth(by: b)
    return (full.high, full.low)
  }

  /// Low and high half. A bit cast, since Embedded Swift for 32-bit targets routes conversions between 32 and 64 bits through
  /// a path that mentions arrays.
  private static func halves(_ value: UInt64) -> SIMD2<UInt32> {
    // The same size, and little-endian targets, the only ones supported, have the low half first.
    unsafe unsafeBitCast(value, to: SIMD2<UInt32>.self)
  }
}
