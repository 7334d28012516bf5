public import TinyNN

/// A checked view of an unlabelled section: photos without labels, and what was learned with them.
public struct UnlabelledView: Sendable {
  package let photos: DevicePhotos
  package let parts: PropagatedParts
  /// False where they lie elsewhere than the labelled photos: then the head answers alone.
  public let isTrusted: Bool
  /// Whether the head's threshold is for scores with the nearness to these photos.
  package let countsNearness: Bool

  /// Photos that are kept.
  public var count: Int { parts.photos }

  /// Nil if the task has none.
  public static func of(_ model: Model, examples: ExamplesView) throws(ModelError) -> UnlabelledView? {
    guard model.has(.unlabelled) else { return nil }
    return try UnlabelledView(model.section(.unlabelled), at: model.offset(of: .unlabelled), examples: examples)
  }

  package init(_ bytes: ByteRegion, at offset: Int, examples: ExamplesView) throws(ModelError) {
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    try check.requireHeader(SectionLayout.wideHeaderByteCount)
    let dimension = examples.dimension, classes = examples.support.classCount, labelled = examples.count
    _ = try check.number(4, in: dimension...dimension)
    let count = try check.number(8, in: 1...TaskLimits.unlabelledCount)
    _ = try check.number(12, in: classes...classes)
    _ = try check.number(16, in: labelled...labelled)
    isTrusted = try check.number(20, in: 0...1) == 1
    countsNearness = try check.number(24, in: 0...1) == 1
    try check.requireZeros(28..<SectionLayout.wideHeaderByteCount)
    _ = try check.rowBytes(count + labelled, max(dimension, classes), 4)
    try check.requireByteCount(
      PropagatedParts.byteCount(photos: count, labelled: labelled, classes: classes, dimension: dimension))
    // Nothing is written to a file's section: see `PropagatedParts`.
    let section = unsafe Elements<UInt8>(UnsafeMutableRawPointer(mutating: bytes.pointer), count: bytes.count)
    let parts = PropagatedParts(section, photos: count, labelled: labelled, classes: classes, dimension: dimension)
    for index in 1..<max(1, count) where parts.identifier(index - 1) >= parts.identifier(index) {
      throw check.refusal(at: SectionLayout.wideHeaderByteCount + 8 * index, found: index)
    }
    try UnlabelledView.require(parts.mean, atMost: 1.001, check, at: parts.start(2))
    try UnlabelledView.require(parts.weights, atMost: 65_536, check, at: parts.start(3))
    try UnlabelledView.require(parts.biases, atMost: 65_536, check, at: parts.start(4))
    let labels = parts.softLabels
    for index in 0..<labels.count where !(labels[index] >= 0 && labels[index] <= 1.001) {
      throw check.refusal(at: parts.start(5) + 4 * index)
    }
    for index in 0..<count where parts.isReached[index] > 1 { throw check.refusal(at: parts.start(6) + index) }
    self.parts = parts
    photos = DevicePhotos(labelled: examples.support, unlabelled: parts.rows)
  }

  private static func require(
    _ values: Elements<Float>, atMost limit: Float, _ check: SectionCheck, at start: Int
  ) throws(ModelError) {
    // Not the other way round: a value may be no number.
    for index in 0..<values.count where !(values[index].magnitude <= limit) { throw check.refusal(at: start + 4 * index) }
  }

  public func identifier(_ index: Int) -> UInt64 { parts.identifier(index) }

  /// Copies an embedding, of length 1, to the first `dimension` values of `values`.
  public func copyEmbedding(_ index: Int, into values: inout MutableSpan<Float>) {
    values.withElements { parts.rows.write(index, into: $0.slice(0, parts.dimension)) }
  }

  /// What answers beside the head; nil where the head answers alone.
  package var classifier: PropagatedClassifier? {
    isTrusted ? PropagatedClassifier(photos, parts, countsNearness: countsNearness) : nil
  }
}

extension PropagatedParts {
  /// Writes the section's header.
  package func writeHeader(isTrusted: Bool, countsNearness: Bool, to section: Elements<UInt8>, at start: Int = 0) {
    section.store(SectionLayout.version, at: start)
    section.store(UInt32(truncatingIfNeeded: dimension), at: start + 4)
    section.store(UInt32(truncatingIfNeeded: photos), at: start + 8)
    section.store(UInt32(truncatingIfNeeded: classes), at: start + 12)
    section.store(UInt32(truncatingIfNeeded: labelled), at: start + 16)
    section.store(UInt32(isTrusted ? 1 : 0), at: start + 20)
    section.store(UInt32(countsNearness ? 1 : 0), at: start + 24)
  }
}
