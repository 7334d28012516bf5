import TinyNN

/// Collects an operator's attributes as bytes.
struct ByteSink: AttributeSink {
  var bytes: [UInt8] = []
  mutating func append(_ word: UInt32) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

extension Operator {
  package var encoded: [UInt8] {
    var sink = ByteSink()
    encode(into: &sink)
    return sink.bytes
  }
}
