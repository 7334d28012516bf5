import HostRuntime

/// A request, complete with its body.
struct Request: Sendable {
  var method: String
  /// As the client wrote it, with the part behind "?".
  var target: String
  /// Names in small letters; of several of one name the first.
  var headers: [String: String] = [:]
  var body: [UInt8] = []

  /// Without the part behind "?".
  var path: String { target.firstIndex(of: "?").map { String(target[..<$0]) } ?? target }

  /// The values of a parameter behind "?", or in the body of a form; what is no UTF-8 counts as not there.
  func values(_ name: String) -> [String] {
    let query = target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } ?? ""
    return "\(query)&\(isForm ? String(decoding: body, as: UTF8.self) : "")".split(separator: "&").compactMap { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, Self.decoded(parts[0]) == name else { return nil }
      return Self.decoded(parts[1])
    }
  }

  var isForm: Bool { headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") ?? false }

  func value(_ name: String) -> String? { values(name).first }

  /// Percent-decoding with + for blanks (application/x-www-form-urlencoded).
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = [], rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// What is answered.
struct Response: Sendable {
  var status: Int
  var type = "application/json"
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []

  static func json(_ value: JSON, status: Int = 200) -> Response {
    Response(status: status, body: Array((value.text + "\n").utf8))
  }

  static func refusal(_ status: Int, _ sentence: String) -> Response { .json(["error": .string(sentence)], status: status) }
}
