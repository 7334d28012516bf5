import ArgumentParser

/// A number of bytes that a person writes and reads: "32MB", "32MiB", "500kB", "1.5GB", "4096".
struct ByteSize: Equatable, Sendable {
  let byteCount: Int

  init(_ byteCount: Int) { self.byteCount = byteCount }

  private static let units: [String: Double] = [
    "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9,
    "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30,
  ]

  /// Nil for anything that is not a positive size below 2^50 bytes. kB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024.
  init?(parsing text: String) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
    guard let first = number.first, first != ".", number.last != ".", let factor = ByteSize.units[unit], let value = Double(number)
    else { return nil }
    let bytes = (value * factor).rounded()
    guard bytes >= 1, bytes < 0x1p50 else { return nil }
    byteCount = Int(bytes)
  }
}

extension ByteSize: CustomStringConvertible {
  /// Three significant digits with a decimal unit: "512 B", "40.2 kB", "1.45 MB".
  var description: String {
    if byteCount < 1000 { return "\(byteCount) B" }
    var value = Double(byteCount), unit = 0
    let names = ["B", "kB", "MB", "GB", "TB"]
    // 999.5 would be printed as 1000.
    while value >= 999.5, unit < names.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return "\(decimal(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(names[unit])"
  }
}

extension ByteSize: ExpressibleByArgument {
  init?(argument: String) { self.init(parsing: argument) }
  var defaultValueDescription: String { description }
}

/// A number with a fixed count of digits behind the point: `decimal(2.5, digits: 2)` is "2.50".
func decimal(_ value: Double, digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  var scale = 1
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((abs(value) * Double(scale)).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return sign + String(scaled) }
  let fraction = String(scaled % scale)
  return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// 1234567 as "1,234,567".
func grouped(_ value: Int) -> String {
  var digits = Array(String(value.magnitude)), groups: [String] = []
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  groups.insert(String(digits), at: 0)
  return (value < 0 ? "-" : "") + groups.joined(separator: ",")
}
