import TinyNN

extension Preprocessing {
  /// The bytes of the section in a file.
  public var record: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Preprocessing.recordByteCount)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    do { try encode(into: &raw) } catch { preconditionFailure("a record has a fixed size") }
    return bytes
  }
}
