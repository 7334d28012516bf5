/// Takes the words of an operator's attributes, in order.
public protocol AttributeSink {
  mutating func append(_ word: UInt32)
}

extension AttributeSink {
  public mutating func append(_ value: Int) { append(UInt32(truncatingIfNeeded: value)) }
  public mutating func append(_ value: Float) { append(value.bitPattern) }
}

/// Hands out the words of an operator's attributes, in order.
public struct AttributeReader {
  private let bytes: ByteRegion
  private var offset = 0

  public init(_ bytes: ByteRegion) { self.bytes = bytes }

  public mutating func word() throws(ModelError) -> UInt32 {
    guard bytes.contains(offset, 4) else { throw ModelError(.attributesMalformed, found: bytes.count, needed: offset + 4) }
    defer { offset += 4 }
    return bytes.word(offset)
  }

  /// A signed 32-bit value inside `range`.
  public mutating func int(in range: ClosedRange<Int>) throws(ModelError) -> Int {
    let value = Int(Int32(bitPattern: try word()))
    guard range.contains(value) else { throw ModelError(.attributeOutOfRange, found: value) }
    return value
  }

  public mutating func float() throws(ModelError) -> Float {
    let value = Float(bitPattern: try word())
    guard !value.isNaN else { throw ModelError(.attributeOutOfRange) }
    return value
  }

  public var isAtEnd: Bool { offset == bytes.count }
}
