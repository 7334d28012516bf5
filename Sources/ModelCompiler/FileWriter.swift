import TinyNN

/// Builds the container of a .tnn file: header, section table, aligned sections, checksum.
public struct FileWriter: Sendable {
  private var sections: [(kind: SectionKind, bytes: [UInt8])] = []

  public init() {}

  public mutating func add(_ kind: SectionKind, _ bytes: [UInt8]) { sections.append((kind, bytes)) }

  /// All sections of a checked file but those in `replaced`, unchanged.
  public init(copying model: Model, except replaced: [SectionKind]) {
    for raw in UInt32(1)...SectionKind.adaptation.rawValue {
      guard let kind = SectionKind(rawValue: raw), model.has(kind), !replaced.contains(kind) else { continue }
      add(kind, model.section(kind).array)
    }
  }

  /// The bytes of a section of a checked file.
  public static func bytes(of kind: SectionKind, in model: Model) -> [UInt8] { model.section(kind).array }

  /// The bytes of the file.
  public func finish() -> [UInt8] {
    var file = [UInt8](repeating: 0, count: Format.headerByteCount + sections.count * Format.sectionEntryByteCount)
    var entries: [(Int, Int)] = []
    for section in sections {
      file.append(contentsOf: [UInt8](repeating: 0, count: Format.aligned(file.count) - file.count))
      entries.append((file.count, section.bytes.count))
      file.append(contentsOf: section.bytes)
    }
    file.store(Format.magic, at: 0)
    file.store(Format.version, at: 8)
    file.store(UInt32(sections.count), at: 12)
    file.store(UInt64(file.count), at: 16)
    for (index, entry) in entries.enumerated() {
      let offset = Format.headerByteCount + index * Format.sectionEntryByteCount
      file.store(sections[index].kind.rawValue, at: offset)
      file.store(UInt64(entry.0), at: offset + 8)
      file.store(UInt64(entry.1), at: offset + 16)
    }
    file.store(file.withRegion { Checksum.ofFile($0) }, at: 24)
    return file
  }
}

extension [UInt8] {
  /// Writes a little-endian integer.
  package mutating func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    Swift.withUnsafeBytes(of: value.littleEndian) { for (i, byte) in $0.enumerated() { self[offset + i] = byte } }
  }

  package mutating func append<T: FixedWidthInteger>(word value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  package mutating func append(float value: Float) { append(word: value.bitPattern) }
}

extension ByteRegion {
  public var array: [UInt8] { (0..<count).map { load(UInt8.self, at: $0) } }
  public var string: String { String(decoding: array, as: UTF8.self) }
}
