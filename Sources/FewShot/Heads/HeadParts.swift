package import TinyNN

/// What a head has learned, in its section: prototypes behind the header, then the head's own parts, each at the next multiple of
/// 64.
package struct HeadParts<H: Head> {
  /// From the section's first byte on. Classifying only reads it.
  private let section: Elements<UInt8>
  package let classes: Int
  /// Values of an embedding.
  package let dimension: Int
  /// Values of a row of features.
  package let features: Int
  /// Of heads that use them.
  package let examples: SupportSet?

  /// `section` holds at least `byteCount` bytes, at a multiple of 64.
  package init(_ section: Elements<UInt8>, classes: Int, dimension: Int, features: Int, examples: SupportSet?) {
    self.section = section
    self.classes = classes
    self.dimension = dimension
    self.features = features
    self.examples = examples
  }

  /// The parts in a file's section, which was checked to hold them.
  package init(reading section: ByteRegion, classes: Int, dimension: Int, features: Int, examples: SupportSet?) {
    // Nothing is written to a file's section: see the property's comment.
    let bytes = unsafe Elements<UInt8>(UnsafeMutableRawPointer(mutating: section.pointer), count: section.count)
    self.init(bytes, classes: classes, dimension: dimension, features: features, examples: examples)
  }

  /// Bytes of the section.
  package static func byteCount(classes: Int, dimension: Int, features: Int) -> Int {
    var end = SectionLayout.wideHeaderByteCount + 4 * classes * dimension, index = 0
    while let (rows, columns) = H.part(index, classes: classes, features: features) {
      end = Format.aligned(end) + 4 * rows * columns
      index += 1
    }
    return end
  }

  /// Refuses a section of another size.
  package static func requireByteCount(_ check: SectionCheck, classes: Int, dimension: Int, features: Int) throws(ModelError) {
    var end = SectionLayout.wideHeaderByteCount + (try check.rowBytes(classes, dimension, 4)), index = 0
    while let (rows, columns) = H.part(index, classes: classes, features: features) {
      // No sum overflows: what came before is in the section.
      guard end <= check.bytes.count else { throw check.refusal(at: 0, found: check.bytes.count, needed: end) }
      end = Format.aligned(end) + (try check.rowBytes(rows, columns, 4))
      index += 1
    }
    try check.requireByteCount(end)
  }

  /// Bytes from the section's start to part `index`.
  package func start(ofPart index: Int) -> Int {
    var end = SectionLayout.wideHeaderByteCount + 4 * classes * dimension
    for earlier in 0..<index {
      let (rows, columns) = size(ofPart: earlier)
      end = Format.aligned(end) + 4 * rows * columns
    }
    return Format.aligned(end)
  }

  private func size(ofPart index: Int) -> (rows: Int, columns: Int) {
    H.part(index, classes: classes, features: features) ?? (0, 0)
  }

  /// [classes][dimension], each of length 1.
  package var prototypes: Elements<Float> { floats(SectionLayout.wideHeaderByteCount, classes * dimension) }

  /// The values of part `index`, row by row.
  package func part(_ index: Int) -> Elements<Float> {
    let (rows, columns) = size(ofPart: index)
    return floats(start(ofPart: index), rows * columns)
  }

  /// The rows of part `index`.
  package func rows(ofPart index: Int) -> EmbeddingMatrix {
    let (rows, columns) = size(ofPart: index)
    return part(index).matrix(rows, columns)
  }

  private func floats(_ offset: Int, _ count: Int) -> Elements<Float> {
    let bytes = section.slice(offset, 4 * count)
    // The same bytes; offsets are multiples of 64.
    return unsafe Elements<Float>(bytes.address, count: count)
  }
}
