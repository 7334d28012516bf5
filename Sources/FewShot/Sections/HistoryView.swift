public import TinyNN

/// A checked view of a history section: the states that a task had before its last edits.
public struct HistoryView: Sendable {
  private let bytes: ByteRegion
  private let dimension: Int
  private let offset: Int
  public let count: Int

  /// Nil if the file has none.
  public static func of(_ model: Model) throws(ModelError) -> HistoryView? {
    guard model.has(.history) else { return nil }
    return try HistoryView(model.section(.history), at: model.offset(of: .history), dimension: model.embeddingDimension)
  }

  package init(_ bytes: ByteRegion, at offset: Int, dimension: Int) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    try check.requireHeader(SectionLayout.headerByteCount)
    self.bytes = bytes
    self.dimension = dimension
    self.offset = offset
    count = try check.number(4, in: 1...TaskLimits.snapshotCount)
    try check.requireZeros(8..<16)
    let records = SectionLayout.headerByteCount + count * SectionLayout.snapshotRecordByteCount
    guard bytes.count >= records else { throw check.refusal(at: 4, found: bytes.count, needed: records) }
    var end = records
    for part in 0..<2 * count {
      let start = Format.aligned(end)
      let size = try check.number(SectionLayout.headerByteCount + 4 * part, in: 1...Int(Int32.max))
      guard bytes.contains(start, size) else {
        throw check.refusal(at: SectionLayout.headerByteCount + 4 * part, found: size, needed: bytes.count)
      }
      try check.requireZeros(end..<start)
      end = start + size
    }
    try check.requireByteCount(end)
    for index in 0..<count { _ = try snapshot(index) }
  }

  /// State `index`, the newest last.
  public func snapshot(_ index: Int) throws(ModelError) -> (classes: ClassesView, examples: ExamplesView) {
    let (first, second) = (start(2 * index), start(2 * index + 1)), (classes, examples) = sections(index)
    let found = try ClassesView(classes, at: offset + first)
    return (found, try ExamplesView(examples, at: offset + second, classCount: found.count, dimension: dimension))
  }

  /// The sections of state `index`.
  package func sections(_ index: Int) -> (classes: ByteRegion, examples: ByteRegion) {
    (
      bytes.slice(start(2 * index), size(2 * index)), bytes.slice(start(2 * index + 1), size(2 * index + 1))
    )
  }

  private func start(_ part: Int) -> Int {
    var start = Format.aligned(SectionLayout.headerByteCount + count * SectionLayout.snapshotRecordByteCount)
    for earlier in 0..<part { start = Format.aligned(start + size(earlier)) }
    return start
  }

  private func size(_ part: Int) -> Int { bytes.index(SectionLayout.headerByteCount + 4 * part) }
}
