#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A walk over protocol-buffer bytes that checks tags and lengths without decoding, so that a refusal names the byte.
///
/// The wire format is that of https://protobuf.dev/programming-guides/encoding: a message is a sequence of fields, each a
/// tag (field number << 3 | wire type) and a value whose length follows from the wire type.
struct WireFormat {
  /// The messages of ONNX that are walked into; the other length-delimited fields are taken as opaque bytes.
  enum Message {
    case model, graph, node, attribute, tensor

    func nested(_ field: UInt64) -> Message? {
      switch (self, field) {
      case (.model, 7): .graph
      case (.graph, 1): .node
      case (.graph, 5): .tensor
      case (.node, 5): .attribute
      case (.attribute, 5), (.attribute, 10): .tensor
      case (.attribute, 6), (.attribute, 11): .graph
      default: nil
      }
    }

    var name: String {
      switch self {
      case .model: "model"
      case .graph: "graph"
      case .node: "node"
      case .attribute: "attribute"
      case .tensor: "tensor"
      }
    }

    /// The largest field number of ONNX's schema, with room for later versions: text and other formats show larger ones.
    static let largestField: UInt64 = 1000
  }

  static let deepestNesting = 64

  private let bytes: Data
  private(set) var hasGraph = false

  /// Checks a whole serialized ModelProto. Throws `malformed` with the byte offset of the first wrong field.
  static func check(_ bytes: Data) throws(ONNXImportError) {
    guard !bytes.isEmpty else { throw ONNXImportError(.malformed, "the file is empty") }
    var walk = WireFormat(bytes: bytes)
    try walk.walk(.model, from: 0, to: bytes.count, depth: 0)
    guard walk.hasGraph else {
      throw ONNXImportError(.malformed, "the file is not an ONNX model: it holds no graph")
    }
  }

  private init(bytes: Data) { self.bytes = bytes }

  private mutating func walk(_ message: Message, from start: Int, to end: Int, depth: Int) throws(ONNXImportError) {
    guard depth < WireFormat.deepestNesting else {
      throw ONNXImportError(.malformed, "graphs are nested more than \(WireFormat.deepestNesting) deep at byte \(start)")
    }
    var offset = start
    while offset < end {
      let fieldStart = offset
      let tag = try varint(&offset, end, message)
      let field = tag >> 3
      guard field > 0, field <= Message.largestField else { throw wrongField(fieldStart, message, "field number \(field)") }
      switch tag & 7 {
      case 0: _ = try varint(&offset, end, message)
      case 1: offset = try advanced(offset, by: 8, end, fieldStart, field, message)
      case 5: offset = try advanced(offset, by: 4, end, fieldStart, field, message)
      case 2:
        let length = try varint(&offset, end, message)
        let next = try advanced(offset, by: length, end, fieldStart, field, message)
        if let nested = message.nested(field) {
          if message == .model { hasGraph = true }
          try walk(nested, from: offset, to: next, depth: depth + 1)
        }
        offset = next
      default: throw wrongField(fieldStart, message, "wire type \(tag & 7)")
      }
    }
  }

  private func varint(_ offset: inout Int, _ end: Int, _ message: Message) throws(ONNXImportError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard offset < end else { throw truncated(start, message, "a number ends after byte \(end)") }
      let byte = bytes[bytes.startIndex + offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw wrongField(start, message, "a number of more than 10 bytes")
  }

  private func advanced(
    _ offset: Int, by length: UInt64, _ end: Int, _ fieldStart: Int, _ field: UInt64,
    _ message: Message
  ) throws(ONNXImportError) -> Int {
    let remaining = end - offset
    guard length <= UInt64(remaining) else {
      throw truncated(fieldStart, message, "field \(field) of the \(message.name) needs \(length) bytes, \(remaining) remain")
    }
    return offset + Int(length)
  }

  private func truncated(_ offset: Int, _ message: Message, _ detail: String) -> ONNXImportError {
    ONNXImportError(.malformed, "the file is truncated or not an ONNX model: at byte \(offset) \(detail)")
  }

  private func wrongField(_ offset: Int, _ message: Message, _ detail: String) -> ONNXImportError {
    ONNXImportError(.malformed, "the file is not an ONNX model: \(detail) in the \(message.name) at byte \(offset)")
  }
}
