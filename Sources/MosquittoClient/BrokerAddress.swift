/// Where an MQTT broker is: mqtt://[user[:password]@]host[:port], or mqtts:// with TLS.
public struct BrokerAddress: Equatable, Sendable, CustomStringConvertible {
  public let host: String
  public let port: Int
  public let usesTLS: Bool
  public let user: String?
  public var password: String?

  /// Nil for other text. Names and passwords may have bytes as %XX.
  public init?(_ text: String) {
    guard let scheme = text.firstRange(of: "://"),
      let tls = ["mqtt": false, "mqtts": true][text[..<scheme.lowerBound].lowercased()]
    else { return nil }
    usesTLS = tls
    var rest = text[scheme.upperBound...]
    if rest.last == "/" { rest.removeLast() }
    guard !rest.contains("/"), !rest.contains(" ") else { return nil }
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]), !name.isEmpty else { return nil }
      user = name
      if parts.count > 1 {
        guard let secret = Self.decoded(parts[1]) else { return nil }
        password = secret
      }
      rest = rest[rest.index(after: at)...]
    } else {
      user = nil
    }
    // An address of IP version 6 stands in brackets.
    let end = rest.first == "[" ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":") ?? rest.endIndex
    guard let end else { return nil }
    host = String(rest[..<end].filter { $0 != "[" && $0 != "]" })
    guard !host.isEmpty else { return nil }
    if end == rest.endIndex {
      port = tls ? 8883 : 1883
    } else {
      guard rest[end] == ":", let number = Int(rest[rest.index(after: end)...]), 1...65_535 ~= number else { return nil }
      port = number
    }
  }

  /// Without the password.
  public var description: String { "\(usesTLS ? "mqtts" : "mqtt")://\(user.map { $0 + "@" } ?? "")\(host):\(port)" }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var left = text.utf8[...]
    while let byte = left.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = left.popFirst(), let low = left.popFirst(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16), value != 0
      else { return nil }
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
