import TinyNN

/// An array of float32 in C order, as NumPy's .npy files hold it
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
public struct NPYArray: Equatable, Sendable {
  public var shape: [Int]
  /// Row-major; their count is the product of `shape`.
  public var values: [Float]

  /// Precondition: `values.count` is the product of `shape`.
  public init(shape: [Int], values: [Float]) {
    precondition(values.count == shape.reduce(1, *))
    self.shape = shape
    self.values = values
  }
}

/// A .npy file that was refused. `description` is one line: which file, where in it, what is wrong, what to do.
public struct NPYError: Error, Equatable, CustomStringConvertible, Sendable {
  public let path: String
  /// Bytes from the start of the file.
  public let byteOffset: Int
  public let finding: String

  public var description: String { "\(path), byte \(byteOffset): \(finding)" }
}

// MARK: Reading

extension NPYArray {
  /// How every .npy file begins.
  public static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Reads a file of version 1, 2 or 3 with elements `<f4` or `<f8` (rounded to float32) in C order; `path` is for errors.
  public init(_ bytes: ByteRegion, path: String) throws(NPYError) {
    let header = try NPYHeader(bytes, path: path)
    shape = header.shape
    guard AvailableMemory.has(header.count, stride: MemoryLayout<Float>.stride) else {
      throw NPYError(
        path: path, byteOffset: header.dataOffset, finding: "no memory for its \(header.count) values; make it smaller")
    }
    let start = header.dataOffset
    switch header.element {
    case .float32: values = (0..<header.count).map { bytes.load(Float.self, at: start + 4 * $0) }
    case .float64: values = (0..<header.count).map { Float(bytes.load(Double.self, at: start + 8 * $0)) }
    }
  }
}

private struct NPYHeader {
  enum Element: String {
    case float32 = "<f4"
    case float64 = "<f8"
    var byteCount: Int { self == .float32 ? 4 : 8 }
  }

  static let maximumRank = 32
  /// More than NumPy writes or reads for an array.
  static let maximumLength = 65535

  var element = Element.float32
  var shape: [Int] = []
  var count = 0
  var dataOffset = 0

  init(_ bytes: ByteRegion, path: String) throws(NPYError) {
    func refusal(_ finding: String, at offset: Int) -> NPYError { NPYError(path: path, byteOffset: offset, finding: finding) }

    guard bytes.count >= 10 else { throw refusal("the file is truncated; save it again with numpy.save", at: bytes.count) }
    for (offset, byte) in NPYArray.magic.enumerated() where bytes.load(UInt8.self, at: offset) != byte {
      throw refusal("not a .npy file, its first bytes are others; save the array with numpy.save", at: 0)
    }
    let version = bytes.load(UInt8.self, at: 6)
    guard 1...3 ~= version else { throw refusal(".npy version \(version) is not known; save it again with numpy.save", at: 6) }
    let headerStart = version == 1 ? 10 : 12
    guard bytes.count >= headerStart else { throw refusal("the file is truncated; save it again with numpy.save", at: bytes.count) }
    let length = version == 1 ? Int(bytes.load(UInt16.self, at: 8)) : Int(bytes.load(UInt32.self, at: 8))
    guard bytes.contains(headerStart, length) else {
      throw refusal("the file ends inside its header; save it again with numpy.save", at: bytes.count)
    }
    guard length <= NPYHeader.maximumLength else { throw refusal("its header has \(length) bytes", at: headerStart) }
    dataOffset = headerStart + length

    var parser = DictionaryParser(text: (0..<length).map { bytes.load(UInt8.self, at: headerStart + $0) })
    guard let fields = parser.parse() else {
      throw refusal("the header is malformed; save it again with numpy.save", at: headerStart + parser.position)
    }
    guard case .string(let descr)? = fields["descr"], case .bool(let isFortran)? = fields["fortran_order"],
      case .tuple(let extents)? = fields["shape"]
    else { throw refusal("the header lacks descr, fortran_order or shape; save it again with numpy.save", at: headerStart) }
    guard let element = Element(rawValue: descr) else {
      throw refusal("its elements are '\(printable(descr))', float32 is needed; save array.astype('<f4')", at: headerStart)
    }
    guard !isFortran || extents.count < 2 else {
      throw refusal("it is stored in Fortran order; save numpy.ascontiguousarray(array)", at: headerStart)
    }
    guard extents.count <= NPYHeader.maximumRank else { throw refusal("it has \(extents.count) dimensions", at: headerStart) }
    var byteCount = element.byteCount
    for extent in extents {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw refusal("its shape \(extents) is too large", at: headerStart) }
      byteCount = product
    }
    guard bytes.count - dataOffset >= byteCount else {
      throw refusal(
        "the file is truncated: the shape \(extents) needs \(byteCount) bytes of data, \(bytes.count - dataOffset) are there",
        at: bytes.count)
    }
    guard bytes.count - dataOffset == byteCount else {
      throw refusal(
        "\(bytes.count - dataOffset - byteCount) bytes follow the data of shape \(extents); save one array a file",
        at: dataOffset + byteCount)
    }
    self.element = element
    shape = extents
    count = byteCount / element.byteCount
  }
}

/// The start of a text from a file, with question marks for what does not stand on a line.
private func printable(_ text: String) -> String {
  String(String.UnicodeScalarView(text.unicodeScalars.prefix(32).map { $0.properties.generalCategory == .control ? "?" : $0 }))
}

/// Parses the Python dictionary of a header: strings, booleans and tuples of integers.
private struct DictionaryParser {
  enum Value { case string(String), bool(Bool), tuple([Int]) }

  let text: [UInt8]
  private(set) var position = 0

  init(text: [UInt8]) { self.text = text }

  mutating func parse() -> [String: Value]? {
    guard take("{") else { return nil }
    var fields: [String: Value] = [:]
    while !take("}") {
      guard let name = string(), take(":"), let value = value(), fields.updateValue(value, forKey: name) == nil else { return nil }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpace()
    return position == text.count ? fields : nil
  }

  private mutating func value() -> Value? {
    if take("(") { return tuple() }
    if take("True") { return .bool(true) }
    if take("False") { return .bool(false) }
    return string().map(Value.string)
  }

  private mutating func tuple() -> Value? {
    var values: [Int] = []
    while !take(")") {
      guard let value = integer() else { return nil }
      values.append(value)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return .tuple(values)
  }

  private mutating func integer() -> Int? {
    skipSpace()
    let start = position
    while position < text.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[position] { position += 1 }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    // Python 2 wrote large extents as "3L".
    if position < text.count, position > start, text[position] == UInt8(ascii: "L") { position += 1 }
    return Int(digits)
  }

  private mutating func string() -> String? {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: "'") || text[position] == UInt8(ascii: "\"") else { return nil }
    let quote = text[position]
    guard let end = text[(position + 1)...].firstIndex(of: quote) else { return nil }
    defer { position = end + 1 }
    return String(decoding: text[(position + 1)..<end], as: UTF8.self)
  }

  private mutating func take(_ token: StaticString) -> Bool {
    skipSpace()
    let bytes = UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
    guard text[position...].starts(with: bytes) else { return false }
    position += bytes.count
    return true
  }

  private mutating func skipSpace() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0A || text[position] == 0x09 { position += 1 }
  }
}

// MARK: Writing

extension NPYArray {
  /// The bytes of a .npy file, version 1, `<f4`, the data at a multiple of 64.
  public var fileBytes: [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    let unpadded = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    var bytes = NPYArray.magic + [1, 0]
    withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header.utf8)
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }
}
