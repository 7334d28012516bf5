/// A JSON value (RFC 8259) that keeps the order of its fields.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  /// Printed with as few digits as tell it from other `Float` values.
  case float(Float)
  case string(String)
  case array([JSON])
  case object([(name: String, value: JSON)])

  public init(_ value: Bool) { self = .bool(value) }
  public init(_ value: Int) { self = .integer(value) }
  public init(_ value: Double) { self = .number(value) }
  public init(_ value: Float) { self = .float(value) }
  public init(_ value: String) { self = .string(value) }
  public init(_ values: [Int]) { self = .array(values.map(JSON.integer)) }
  public init(_ values: [Float]) { self = .array(values.map(JSON.float)) }
  public init(_ values: [String]) { self = .array(values.map(JSON.string)) }

  /// Appends a field. Precondition: this is an object.
  public mutating func append(_ name: String, _ value: JSON) {
    guard case .object(let fields) = self else { preconditionFailure("only objects have fields") }
    self = .object(fields + [(name, value)])
  }

  /// The value on one line in ASCII alone, as headers of HTTP take it.
  public var asciiText: String {
    var result = ""
    for unit in text.utf16 {
      if unit < 0x80 {
        result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      } else {
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result
  }

  /// The value on one line. Numbers that JSON cannot say (NaN, infinities) become null.
  public var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .float(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): JSON.writeString(value, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let fields):
      text += "{"
      for (index, field) in fields.enumerated() {
        if index > 0 { text += "," }
        JSON.writeString(field.name, to: &text)
        text += ":"
        field.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func writeString(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // Control characters must be escaped; U+2028 and U+2029 end lines in JavaScript and for some readers of JSON lines.
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object with its fields in the order written.
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { ($0.0, $0.1) }) }
}
