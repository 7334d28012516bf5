/// The first directory of a TIFF structure.
struct TIFFDirectory {
  private let bytes: UnsafeRawBufferPointer
  private let isLittleEndian: Bool
  private var start = 0

  /// Nil if the bytes do not begin as a TIFF structure does.
  init?(_ bytes: UnsafeRawBufferPointer) {
    switch (bytes.first, bytes.dropFirst().first) {
    case (UInt8(ascii: "I"), UInt8(ascii: "I")): isLittleEndian = true
    case (UInt8(ascii: "M"), UInt8(ascii: "M")): isLittleEndian = false
    default: return nil
    }
    self.bytes = bytes
    guard bits(at: 2, size: 2) == 42, let start = bits(at: 4, size: 4) else { return nil }
    self.start = Int(start)
  }

  /// The value of the tag's first entry that can be read, where that is one number.
  func number(ofTag wanted: UInt64) -> Double? {
    guard let count = bits(at: start, size: 2) else { return nil }
    for index in 0..<Int(count) {
      let entry = start + 2 + 12 * index
      guard let tag = bits(at: entry, size: 2), let code = bits(at: entry + 2, size: 2), let count = bits(at: entry + 4, size: 4),
        let inline = bits(at: entry + 8, size: 4)
      else { return nil }
      guard tag == wanted, let size = TIFFDirectory.sizes[code], count > 0 else { continue }
      let place = Int(count) * size > 4 ? Int(inline) : entry + 8
      guard place <= bytes.count - Int(count) * size else { continue }
      return count == 1 ? number(at: place, code) : nil
    }
    return nil
  }

  /// Bytes of one value of each type: BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT,
  /// DOUBLE, IFD, LONG8.
  private static let sizes: [UInt64: Int] = [
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
  ]

  /// Nil for text and for bytes without a meaning.
  private func number(at place: Int, _ code: UInt64) -> Double? {
    func unsigned(_ size: Int, _ offset: Int = 0) -> UInt64? { bits(at: place + offset, size: size) }
    func signed(_ size: Int, _ offset: Int = 0) -> Double? {
      bits(at: place + offset, size: size).map { Double(Int64(bitPattern: $0 << UInt64(64 - 8 * size)) >> Int64(64 - 8 * size)) }
    }
    switch code {
    case 3: return unsigned(2).map { Double($0) }
    case 4, 13: return unsigned(4).map { Double($0) }
    case 5: return unsigned(4).flatMap { top in unsigned(4, 4).map { Double(top) / Double($0) } }
    case 6: return signed(1)
    case 8: return signed(2)
    case 9: return signed(4)
    case 10: return signed(4).flatMap { top in signed(4, 4).map { top / $0 } }
    case 11: return unsigned(4).map { Double(Float(bitPattern: UInt32($0))) }
    case 12: return unsigned(8).map { Double(bitPattern: $0) }
    case 16: return unsigned(8).map { Double($0) }
    default: return nil
    }
  }

  private func bits(at offset: Int, size: Int) -> UInt64? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    var value: UInt64 = 0
    for index in 0..<size { value = value << 8 | UInt64(bytes[offset + (isLittleEndian ? size - 1 - index : index)]) }
    return value
  }
}
