public import TinyNN

/// A checked view of a classes section: the names of what the task knows.
public struct ClassesView: Sendable {
  private let bytes: ByteRegion
  public let count: Int

  /// The classes of a task file. Throws `sectionMissing` for an encoder that has not learned any.
  public init(_ model: Model) throws(ModelError) {
    guard model.has(.classes) else { throw ModelError(.sectionMissing, needed: Int(SectionKind.classes.rawValue)) }
    try self.init(model.section(.classes), at: model.offset(of: .classes))
  }

  package init(_ bytes: ByteRegion, at offset: Int) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    try check.requireHeader(SectionLayout.headerByteCount)
    self.bytes = bytes
    count = try check.number(4, in: 1...TaskLimits.classCount)
    try check.requireZeros(12..<16)
    let start = SectionLayout.headerByteCount + count * SectionLayout.nameRecordByteCount
    let nameByteCount = try check.number(8, in: 1...TaskLimits.classCount * TaskLimits.nameByteCount)
    try check.requireByteCount(start + nameByteCount)
    var end = 0
    for index in 0..<count {
      let record = SectionLayout.headerByteCount + index * SectionLayout.nameRecordByteCount
      guard bytes.index(record) == end else { throw check.refusal(at: record, found: index, needed: end) }
      let length = try check.number(record + 4, in: 1...TaskLimits.nameByteCount)
      guard length <= nameByteCount - end else { throw check.refusal(at: record + 4, found: length, needed: nameByteCount - end) }
      end += length
    }
    guard end == nameByteCount else { throw check.refusal(at: 8, found: nameByteCount, needed: end) }
    for position in start..<bytes.count where !ClassesView.isAllowed(bytes.load(UInt8.self, at: position)) {
      throw check.refusal(at: position)
    }
    for index in 1..<max(1, count) where !isAscending(index) {
      throw check.refusal(at: SectionLayout.headerByteCount + index * SectionLayout.nameRecordByteCount, found: index)
    }
  }

  /// Control characters could change what a terminal shows.
  public static func isAllowed(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F }

  /// The UTF-8 bytes of a class's name.
  public subscript(index: Int) -> ByteRegion {
    let record = SectionLayout.headerByteCount + index * SectionLayout.nameRecordByteCount
    let start = SectionLayout.headerByteCount + count * SectionLayout.nameRecordByteCount
    return bytes.slice(start + bytes.index(record), bytes.index(record + 4))
  }

  private func isAscending(_ index: Int) -> Bool {
    let (a, b) = (self[index - 1], self[index])
    for position in 0..<min(a.count, b.count) {
      let (x, y) = (a.load(UInt8.self, at: position), b.load(UInt8.self, at: position))
      if x != y { return x < y }
    }
    return a.count < b.count
  }
}
