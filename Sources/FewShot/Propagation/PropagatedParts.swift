package import TinyNN

/// Where what was learned from photos without labels stands in their section: see Sections.swift.
///
/// Sendable because whoever writes it has its memory alone, and a file's is only read.
package struct PropagatedParts: @unchecked Sendable {
  /// Photos without labels, and labelled ones.
  package let photos: Int
  package let labelled: Int
  package let classes: Int
  /// Values of an embedding.
  package let dimension: Int
  /// From the section's first byte on. Classifying only reads it.
  private let section: Elements<UInt8>

  /// `section` holds at least `byteCount` bytes, at a multiple of 64.
  package init(_ section: Elements<UInt8>, photos: Int, labelled: Int, classes: Int, dimension: Int) {
    self.section = section
    self.photos = photos
    self.labelled = labelled
    self.classes = classes
    self.dimension = dimension
  }

  private static let recordByteCount = 8

  package static func byteCount(photos: Int, labelled: Int, classes: Int, dimension: Int) -> Int {
    start(6, photos, labelled, classes, dimension) + photos
  }

  /// The offset of part `index`: identifiers, embeddings, mean, weights, biases, soft labels, marks.
  private static func start(_ index: Int, _ photos: Int, _ labelled: Int, _ classes: Int, _ dimension: Int) -> Int {
    var end = SectionLayout.wideHeaderByteCount
    if index > 0 { end += recordByteCount * photos }
    if index > 1 { end = Format.aligned(end) + photos * dimension }
    if index > 2 { end = Format.aligned(end) + 4 * dimension }
    if index > 3 { end = Format.aligned(end) + 4 * classes * dimension }
    if index > 4 { end = Format.aligned(end) + 4 * classes }
    if index > 5 { end = Format.aligned(end) + 4 * (labelled + photos) * classes }
    return Format.aligned(end)
  }

  package func start(_ index: Int) -> Int { PropagatedParts.start(index, photos, labelled, classes, dimension) }

  package func identifier(_ index: Int) -> UInt64 {
    section.region.load(UInt64.self, at: SectionLayout.wideHeaderByteCount + PropagatedParts.recordByteCount * index)
  }

  package func setIdentifier(_ index: Int, _ identifier: UInt64) {
    section.store(identifier, at: SectionLayout.wideHeaderByteCount + PropagatedParts.recordByteCount * index)
  }

  package var rows: CompactRows {
    CompactRows(section.region.slice(start(1), photos * dimension), count: photos, dimension: dimension)
  }

  package func row(_ index: Int) -> Elements<Int8> {
    let bytes = section.slice(start(1) + index * dimension, dimension)
    // The same bytes as signed ones.
    return unsafe Elements<Int8>(bytes.address, count: dimension)
  }

  /// [dimension]: of the embeddings of all photos.
  package var mean: Elements<Float> { floats(2, dimension) }
  /// [classes][dimension] and [classes]: a ridge regression on centred embeddings.
  package var weights: Elements<Float> { floats(3, classes * dimension) }
  package var biases: Elements<Float> { floats(4, classes) }
  /// [labelled + photos][classes]: rows that sum to 1.
  package var softLabels: Elements<Float> { floats(5, (labelled + photos) * classes) }

  /// [photos]: 1 for those that most of the labels reached, which new photos of the classes are near to; else 0.
  package var isReached: Elements<UInt8> { section.slice(start(6), photos) }

  private func floats(_ index: Int, _ count: Int) -> Elements<Float> {
    let bytes = section.slice(start(index), 4 * count)
    // The same bytes; offsets are multiples of 64.
    return unsafe Elements<Float>(bytes.address, count: count)
  }
}
