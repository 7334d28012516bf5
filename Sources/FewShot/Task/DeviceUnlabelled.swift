package import TinyNN

/// Photos without labels of a `DeviceTask`, and what is learned with them, in memory of their own that the caller gave: identifiers
/// and int8 embeddings in the order of the identifiers, then the section of the file, then working memory.
///
/// Safe to use because the memory was compared with the layout's size, and every place is inside it.
@safe package struct DeviceUnlabelled {
  package let capacity: Int
  package private(set) var count = 0
  /// Whether what was learned is to be trusted; nil where it is not learned since the last edit.
  package private(set) var isTrusted: Bool?
  private var countsNearness = false
  private let dimension: Int
  private let base: UnsafeMutableRawPointer
  private let layout: Layout
  /// Of the section that was learned.
  private var learned: (labelled: Int, classes: Int) = (0, 0)

  package struct Layout {
    let rows: Int
    let section: Int
    let sectionByteCount: Int
    let scratch: Int
    let scratchCount: Int
    package let byteCount: Int

    /// Nil where the sizes do not fit into the address space.
    package init?(capacity: Int, classes: Int, examples: Int, dimension: Int, background: Int) {
      let photos = capacity + examples
      // Far from overflow: a quarter of the address space, of which the largest part is the matrix of all pairs.
      let limit = Int(Int32.max) / 16
      guard photos < 1 << 16, dimension <= TaskLimits.dimension, photos <= limit / max(dimension, classes),
        photos <= limit / photos
      else { return nil }
      rows = Format.aligned(8 * capacity)
      section = rows + Format.aligned(capacity * dimension)
      sectionByteCount = PropagatedParts.byteCount(photos: capacity, labelled: examples, classes: classes, dimension: dimension)
      scratch = section + Format.aligned(sectionByteCount)
      // Of learning, and beside the nearness that it gives.
      let working = PropagatedClassifier.nearnessScratchCount(
        labelled: examples, unlabelled: capacity, classes: classes, dimension: dimension)
      scratchCount = examples + background + working
      byteCount = scratch + Format.aligned(4 * scratchCount)
    }
  }

  /// `memory` holds `layout.byteCount` bytes at a multiple of 64, used by nobody else.
  @unsafe package init(capacity: Int, dimension: Int, layout: Layout, memory: UnsafeMutableRawPointer) {
    self.capacity = capacity
    self.dimension = dimension
    self.layout = layout
    unsafe base = memory
  }

  private func bytes(_ offset: Int, _ count: Int) -> Elements<UInt8> {
    assert(offset >= 0 && offset + count <= layout.byteCount)
    // In bounds: the layout's places.
    return unsafe Elements(base + offset, count: count)
  }

  private var scratch: Elements<Float> {
    // In bounds: the layout's place.
    unsafe Elements(base + layout.scratch, count: layout.scratchCount)
  }

  private var identifiers: Elements<UInt8> { bytes(0, 8 * capacity) }
  private var kept: Elements<UInt8> { bytes(layout.rows, capacity * dimension) }
  private var rows: CompactRows { CompactRows(kept.region, count: count, dimension: dimension) }

  private func identifier(_ index: Int) -> UInt64 { identifiers.region.load(UInt64.self, at: 8 * index) }

  // MARK: Photos

  package enum Addition { case added, known, noRoom, notFinite }

  /// Adds a photo; of near copies, and of one identifier, the first counts.
  package mutating func add(_ embedding: Embedding, identifier: UInt64) -> Addition {
    let values = scratch.slice(0, dimension), row = scratch.slice(dimension, dimension)
    values.copy(embedding)
    guard values.normalize().isFinite else { return .notFinite }
    let place = place(of: identifier)
    if place < count, self.identifier(place) == identifier { return .known }
    if rows.original(of: values.embedding, scratch: row) != nil { return .known }
    guard count < capacity else { return .noRoom }
    open(place, identifier)
    let bytes = kept.slice(place * dimension, dimension)
    // The same bytes as signed ones.
    CompactRows.store(values.embedding, into: unsafe Elements<Int8>(bytes.address, count: dimension))
    return .added
  }

  /// Takes a photo of a file, which are in the order of their identifiers.
  package mutating func take(_ row: Elements<Int8>, identifier: UInt64) {
    let place = count
    open(place, identifier)
    let bytes = kept.slice(place * dimension, dimension)
    for column in 0..<dimension { bytes[column] = UInt8(bitPattern: row[column]) }
  }

  package mutating func removeAll() {
    count = 0
    isTrusted = nil
  }

  package mutating func forgetLearned() { isTrusted = nil }

  package mutating func remove(identifier: UInt64) {
    let place = place(of: identifier)
    guard place < count, self.identifier(place) == identifier else { return }
    count -= 1
    identifiers.copy(identifiers.region.slice(8 * (place + 1), 8 * (count - place)), to: 8 * place)
    kept.copy(kept.region.slice((place + 1) * dimension, (count - place) * dimension), to: place * dimension)
  }

  /// The first photo whose identifier is not below.
  private func place(of identifier: UInt64) -> Int {
    var place = 0
    while place < count, self.identifier(place) < identifier { place += 1 }
    return place
  }

  private mutating func open(_ place: Int, _ identifier: UInt64) {
    isTrusted = nil
    identifiers.copy(identifiers.region.slice(8 * place, 8 * (count - place)), to: 8 * (place + 1))
    kept.copy(kept.region.slice(place * dimension, (count - place) * dimension), to: (place + 1) * dimension)
    identifiers.store(identifier, at: 8 * place)
    count += 1
  }

  // MARK: Learning

  private var parts: PropagatedParts {
    PropagatedParts(
      bytes(layout.section, layout.sectionByteCount), photos: count, labelled: learned.labelled, classes: learned.classes,
      dimension: dimension)
  }

  /// The section of the file, after `learn`; nil where there are no photos.
  package var section: ByteRegion? {
    guard isTrusted != nil, count > 0 else { return nil }
    return bytes(
      layout.section,
      PropagatedParts.byteCount(photos: count, labelled: learned.labelled, classes: learned.classes, dimension: dimension)
    ).region
  }

  package mutating func learn(_ labelled: SupportSet) {
    guard count > 0 else { return }
    learned = (labelled.count, labelled.classCount)
    let parts = parts
    let section = bytes(layout.section, layout.sectionByteCount)
    for position in 0..<section.count { section[position] = 0 }
    for index in 0..<count {
      parts.setIdentifier(index, identifier(index))
      let row = parts.row(index)
      for column in 0..<dimension { row[column] = kept.region.load(Int8.self, at: index * dimension + column) }
    }
    isTrusted = PropagationLearner.learn(
      DevicePhotos(labelled: labelled, unlabelled: parts.rows), into: parts, scratch: scratch)
    countsNearness = false
    writeHeader()
  }

  private func writeHeader() {
    parts.writeHeader(
      isTrusted: isTrusted == true, countsNearness: countsNearness, to: bytes(layout.section, layout.sectionByteCount))
  }

  /// The nearness of the labelled photos and of the background, which counts in scores from now on; nil where the head answers
  /// alone. Valid until the next call.
  package mutating func nearness(_ labelled: SupportSet, _ statistics: StatisticsView?) -> Elements<Float>? {
    guard let classifier = classifier(labelled) else { return nil }
    let values = scratch.slice(0, labelled.count + (statistics?.backgroundCount ?? 0))
    classifier.writeNearness(statistics, to: values, scratch: scratch.slice(values.count, scratch.count - values.count))
    countsNearness = true
    writeHeader()
    return values
  }

  /// What answers beside the head; nil where it answers alone.
  package func classifier(_ labelled: SupportSet) -> PropagatedClassifier? {
    guard isTrusted == true, count > 0 else { return nil }
    let parts = parts
    return PropagatedClassifier(
      DevicePhotos(labelled: labelled, unlabelled: parts.rows), parts, countsNearness: countsNearness)
  }
}
