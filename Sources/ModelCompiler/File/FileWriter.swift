import TinyNN

/// Builds the container of a .tnn file: header, section table, aligned sections, checksum.
public struct FileWriter: Sendable {
  private enum Content: Sendable {
    case bytes([UInt8])
    /// In a file that stays open.
    case region(ByteRegion)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .region(let region): region.count
      }
    }
  }

  private var sections: [(kind: SectionKind, content: Content)] = []

  public init() {}

  public mutating func add(_ kind: SectionKind, _ bytes: [UInt8]) { sections.append((kind, .bytes(bytes))) }

  /// All sections of a checked file but those in `replaced`, unchanged.
  public init(copying model: Model, except replaced: [SectionKind]) {
    self.init(borrowing: model, except: replaced)
    for index in sections.indices {
      if case .region(let region) = sections[index].content { sections[index].content = .bytes(region.array) }
    }
  }

  /// The same without a copy: the model's bytes must stay until the file is written.
  public init(borrowing model: Model, except replaced: [SectionKind]) {
    for raw in UInt32(1)...SectionKind.last.rawValue {
      guard let kind = SectionKind(rawValue: raw), model.has(kind), !replaced.contains(kind) else { continue }
      sections.append((kind, .region(model.section(kind))))
    }
  }

  /// The bytes of a section of a checked file.
  public static func bytes(of kind: SectionKind, in model: Model) -> [UInt8] { model.section(kind).array }

  /// Where each section begins, and behind the last one the size of the file.
  private var offsets: [Int] {
    var offsets = [Format.aligned(Format.headerByteCount + sections.count * Format.sectionEntryByteCount)]
    for section in sections.dropLast() { offsets.append(Format.aligned(offsets[offsets.count - 1] + section.content.count)) }
    offsets.append(
      sections.isEmpty ? Format.headerByteCount : offsets[offsets.count - 1] + sections[sections.count - 1].content.count)
    return offsets
  }

  /// Bytes of the file.
  public var byteCount: Int { offsets[offsets.count - 1] }

  /// The bytes of the file.
  public func finish() -> [UInt8] {
    let size = byteCount
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      buffer.initialize(repeating: 0)
      write(to: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<size])))
      count = size
    }
  }

  /// Writes the file to `byteCount` bytes of zeros.
  public func write(to file: UnsafeMutableRawBufferPointer) {
    precondition(file.count == byteCount)
    let offsets = offsets
    file.storeBytes(of: Format.magic, as: UInt64.self)
    let isExtended = sections.contains { $0.kind == .unlabelled }
    file.storeBytes(of: isExtended ? Format.extendedVersion : Format.version, toByteOffset: 8, as: UInt32.self)
    file.storeBytes(of: UInt32(sections.count), toByteOffset: 12, as: UInt32.self)
    file.storeBytes(of: UInt64(file.count), toByteOffset: 16, as: UInt64.self)
    for (index, section) in sections.enumerated() {
      let entry = Format.headerByteCount + index * Format.sectionEntryByteCount, size = section.content.count
      file.storeBytes(of: section.kind.rawValue, toByteOffset: entry, as: UInt32.self)
      file.storeBytes(of: UInt64(offsets[index]), toByteOffset: entry + 8, as: UInt64.self)
      file.storeBytes(of: UInt64(size), toByteOffset: entry + 16, as: UInt64.self)
      let target = UnsafeMutableRawBufferPointer(rebasing: file[offsets[index]..<offsets[index] + size])
      switch section.content {
      case .bytes(let bytes): target.copyBytes(from: bytes)
      case .region(let region): target.copyMemory(from: UnsafeRawBufferPointer(start: region.pointer, count: size))
      }
    }
    file.storeBytes(of: Checksum.ofFile(ByteRegion(UnsafeRawBufferPointer(file))), toByteOffset: 24, as: UInt64.self)
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
