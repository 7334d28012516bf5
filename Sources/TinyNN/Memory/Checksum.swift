/// A 64-bit checksum over 8-byte words in four independent lanes (multiply and rotate, the construction of xxHash64's
/// lanes); the tail is padded with zeros and the length is mixed in, so it is not lost.
public struct Checksum: Sendable {
  static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  static let prime3: UInt64 = 0x1656_67B1_9E37_79F9

  public static func of(_ bytes: ByteRegion, seed: UInt64 = 0) -> UInt64 {
    var a = seed &+ prime1, b = seed &+ prime2, c = seed ^ prime3, d = seed &- prime1
    let wholeCount = bytes.count & ~31
    var offset = 0
    while offset < wholeCount {
      a = round(a, bytes.load(UInt64.self, at: offset))
      b = round(b, bytes.load(UInt64.self, at: offset + 8))
      c = round(c, bytes.load(UInt64.self, at: offset + 16))
      d = round(d, bytes.load(UInt64.self, at: offset + 24))
      offset += 32
    }
    while offset < bytes.count {
      var word: UInt64 = 0
      for byte in 0..<min(8, bytes.count - offset) {
        word |= widened(UInt32(bytes.load(UInt8.self, at: offset + byte))) &<< widened(UInt32(8 * byte))
      }
      a = round(a, word)
      offset += 8
    }
    var hash =
      rotated(a, 1) &+ rotated(b, 7) &+ rotated(c, 12) &+ rotated(d, 18) &+ widened(UInt32(truncatingIfNeeded: bytes.count))
    hash = (hash ^ (hash &>> 33)) &* prime2
    hash = (hash ^ (hash &>> 29)) &* prime3
    return hash ^ (hash &>> 32)
  }

  @inline(__always) private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always) private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value &<< count) | (value &>> (64 - count))
  }
}

/// `value` as 64 bits. Embedded Swift 6.3 for 32-bit targets routes integer conversions to 64 bits through a generic path that
/// mentions arrays, which `-no-allocations` refuses; a bit cast of two halves does not.
@inline(__always) func widened(_ value: UInt32) -> UInt64 {
  // Two 32-bit halves have the size of a UInt64; the low half is first on little-endian targets, the only ones supported.
  unsafe unsafeBitCast(SIMD2<UInt32>(value, 0), to: UInt64.self)
}
