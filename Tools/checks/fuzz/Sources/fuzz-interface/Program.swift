/// The input, read from front to back; zeros behind its end.
struct Program {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isEmpty: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func word() -> UInt32 { (0..<4).reduce(0) { word, _ in word << 8 | UInt32(byte()) } }

  /// Most often small, sometimes anything.
  mutating func integer() -> Int32 {
    let first = byte()
    return first < 224 ? Int32(first % 32) - 1 : Int32(bitPattern: word())
  }

  /// Most often what is needed, else near it or anything from 0 to `limit`.
  mutating func size(_ needed: Int, limit: Int) -> Int {
    let choice = byte()
    let size =
      switch choice {
      case 0..<192: needed
      case 192..<208: needed - 1
      case 208..<216: needed + 1
      case 216..<224: needed - 64
      default: Int(word()) % (limit + 1)
      }
    return max(0, min(limit, size))
  }

  /// Most often an ordinary number, sometimes any bits.
  mutating func float() -> Float {
    let first = byte()
    return first < 240 ? Float(first) / 64 - 2 : Float(bitPattern: word())
  }

  mutating func name() -> [CChar] {
    let count = byte()
    if count < 240 { return [CChar(97 + count % 6), 0] }
    return (0..<Int(count - 240) * 20).map { _ in CChar(bitPattern: byte()) } + [0]
  }
}
