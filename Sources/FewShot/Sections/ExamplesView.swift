public import TinyNN

/// A checked view of an examples section: the embedding of every photo that the task learned from.
public struct ExamplesView: Sendable {
  private let bytes: ByteRegion
  public let support: SupportSet

  public var count: Int { support.count }
  public var dimension: Int { support.dimension }

  /// The examples of a task file whose embeddings have the encoder's dimension.
  public init(_ model: Model, classes: ClassesView) throws(ModelError) {
    guard model.has(.examples) else { throw ModelError(.sectionMissing, needed: Int(SectionKind.examples.rawValue)) }
    try self.init(
      model.section(.examples), at: model.offset(of: .examples), classCount: classes.count, dimension: model.embeddingDimension)
  }

  package init(_ bytes: ByteRegion, at offset: Int, classCount: Int, dimension: Int) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    try check.requireHeader(SectionLayout.headerByteCount)
    guard bytes.index(4) == dimension else { throw check.refusal(at: 4, found: bytes.index(4) & 0x7FFF_FFFF, needed: dimension) }
    let count = try check.number(8, in: 1...TaskLimits.exampleCount)
    try check.requireZeros(12..<16)
    let records = SectionLayout.headerByteCount + count * SectionLayout.exampleRecordByteCount
    let start = Format.aligned(records)
    try check.requireByteCount(start + (try check.rowBytes(count, dimension, 4)))
    try check.requireZeros(records..<start)
    var expected = 0
    for index in 0..<count {
      let record = SectionLayout.headerByteCount + index * SectionLayout.exampleRecordByteCount
      let label = try check.number(record, in: 0...classCount - 1)
      // Classes follow each other without a gap, so that each has an example.
      if index == 0 || label != expected {
        guard label == (index == 0 ? 0 : expected + 1) else { throw check.refusal(at: record, found: label, needed: expected) }
        expected = label
      } else {
        let previous = bytes.load(UInt64.self, at: record + 8 - SectionLayout.exampleRecordByteCount)
        guard previous < bytes.load(UInt64.self, at: record + 8) else { throw check.refusal(at: record + 8, found: index) }
      }
      let length = bytes.load(Float.self, at: record + 4)
      guard length.isFinite, length >= 0 else { throw check.refusal(at: record + 4, found: index) }
    }
    guard expected == classCount - 1 else { throw check.refusal(at: 8, found: expected + 1, needed: classCount) }
    let embeddings = EmbeddingMatrix(bytes.slice(start, bytes.count - start), count: count, dimension: dimension)
    try check.requireNormalized(embeddings, at: start)
    self.bytes = bytes
    // The labels were just checked; they live in the section.
    support = unsafe SupportSet(
      embeddings: embeddings, labels: bytes.pointer + SectionLayout.headerByteCount,
      labelStride: SectionLayout.exampleRecordByteCount, classCount: classCount)
  }

  /// The identifier of example `index`, unique within its class.
  public func identifier(_ index: Int) -> UInt64 { bytes.load(UInt64.self, at: record(index) + 8) }

  /// The length of the embedding as the encoder gave it.
  public func length(_ index: Int) -> Float { bytes.load(Float.self, at: record(index) + 4) }

  private func record(_ index: Int) -> Int { SectionLayout.headerByteCount + index * SectionLayout.exampleRecordByteCount }
}

extension Model {
  /// Values of one embedding: the elements of output 0.
  public var embeddingDimension: Int { tensor(output(0)).type.shape.count }
}
