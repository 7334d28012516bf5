import TinyNN

// Heads other than prototypes have memory of their own, so that a task of prototypes needs none for them.
extension DeviceTask {
  /// Bytes of memory for learning a head from what the task knows now, nil being the one that suits the photos.
  public func headByteCount(_ method: HeadMethod?) throws(DeviceTaskError) -> Int {
    guard classCount >= 2 else { throw .tooFewClasses }
    return try headLayout(method).byteCount
  }

  /// Learns a head, nil being the one that suits the photos (`HeadChoice`), and with photos without labels what answers beside it.
  /// - Parameter memory: at least `headByteCount` bytes at a multiple of 64, used by nobody else as long as the head is used.
  @unsafe public mutating func learn(
    _ method: HeadMethod?, memory: UnsafeMutableRawBufferPointer
  ) throws(DeviceTaskError) {
    guard classCount >= 2 else { throw .tooFewClasses }
    if method == .prototype { return try learn() }
    let layout = try headLayout(method)
    guard memory.count >= layout.byteCount, let base = memory.baseAddress else { throw .memoryTooSmall }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else { throw .memoryMisaligned }
    if layout.method?.traits.needsNonNegativeEmbeddings == true {
      let values = rows
      for index in 0..<exampleCount * self.layout.dimension where values[index] < 0 { throw .headNeedsPositive }
    }
    try learnUnlabelled()
    // The caller's promise about the memory, see above; it was compared with the layout's size.
    var pieces = unsafe ScratchPieces(Elements<Float>(base, count: layout.byteCount / 4))
    let section = pieces.takeBytes(layout.sectionByteCount)
    // What pads it goes into the file, too.
    for position in 0..<section.count { section[position] = 0 }
    let joint = pieces.take(exampleCount * layout.map.count)
    let plain = support, wide = features(layout.map, into: joint)
    var (found, penalty, map, seen) = (layout.method ?? .ridge, Float?.none, layout.map, wide)
    if layout.isOpen {
      let centredMap = HeadMethod.centred.features(dimension: self.layout.dimension, statistics: statistics)
      let centredRows = pieces.take(centredMap.map { exampleCount * $0.count } ?? 0)
      let centred = centredMap.map { features($0, into: centredRows) }
      let best = HeadChoice(plain: plain, centred: centred, joint: wide).best(scratch: pieces.rest) { _ in }
      found = best.method
      if found == .ridge { penalty = best.penalty }
      if found == .prototype, let plainMap = found.features(dimension: self.layout.dimension, statistics: statistics) {
        (map, seen) = (plainMap, plain)
      }
      if found == .centred, let centred, let centredMap { (map, seen) = (centredMap, centred) }
    }
    let examples = HeadExamples(embeddings: plain, features: seen, map: map, statistics: statistics, nearness: nearness())
    let header = found.accept(
      HeadLearning(
        examples, isChosen: method == nil, penalty: penalty, into: section, scratch: pieces.rest))
    let learned = section.region(found.accept(size(map)).sectionByteCount)
    head = .fitted(
      HeadView(
        header, section: learned, features: map, examples: found.traits.usesExamples ? plain : nil,
        propagated: unlabelled?.classifier(plain)),
      learned)
  }

  /// What heads see of the examples: their own rows where that is all.
  private func features(_ map: FeatureMap, into target: Elements<Float>) -> SupportSet {
    guard map.kind != .plain else { return support }
    let rows = self.rows, records = self.records, dimension = layout.dimension
    for index in 0..<exampleCount {
      let length = records.region.load(Float.self, at: index * SectionLayout.exampleRecordByteCount + 4)
      map.write(
        rows.slice(index * dimension, dimension).embedding, length: length, into: target.slice(index * map.count, map.count))
    }
    return support(of: target.matrix(exampleCount, map.count))
  }

  private func size(_ map: FeatureMap) -> HeadLearning.Size {
    HeadLearning.Size(examples: exampleCount, classes: classCount, map: map, background: statistics?.backgroundCount ?? 0)
  }

  private func headLayout(_ method: HeadMethod?) throws(DeviceTaskError) -> HeadLayout {
    let labelled = support
    return try HeadLayout(
      method ?? HeadChoice.forced(examples: labelled.count, fewest: labelled.fewest), examples: labelled.count,
      classes: labelled.classCount, dimension: layout.dimension, statistics: statistics)
  }

  /// The memory of one learning.
  private struct HeadLayout {
    /// Nil where candidates are looked at.
    let method: HeadMethod?
    /// Of the method, or of the widest candidate.
    let map: FeatureMap
    let sectionByteCount: Int
    let byteCount: Int

    var isOpen: Bool { method == nil }

    init(
      _ method: HeadMethod?, examples: Int, classes: Int, dimension: Int, statistics: StatisticsView?
    ) throws(DeviceTaskError) {
      self.method = method
      if let method, examples > method.traits.exampleLimit { throw .headTooManyExamples }
      func features(_ method: HeadMethod) -> FeatureMap? { method.features(dimension: dimension, statistics: statistics) }
      guard let map = features(method ?? .ridge) else { throw .headNeedsStatistics }
      self.map = map
      let limit = Int.max / 256, widest = max(map.count, max(classes, min(examples, GramMemory.exampleLimit)))
      guard examples + classes <= limit / widest else { throw .tooLarge }
      var section = 0, scratch = 0
      func look(_ method: HeadMethod, _ map: FeatureMap) {
        let size = method.accept(
          HeadLearning.Size(examples: examples, classes: classes, map: map, background: statistics?.backgroundCount ?? 0))
        section = max(section, size.sectionByteCount)
        scratch = max(scratch, size.scratchCount)
      }
      look(method ?? .ridge, map)
      var rows = ScratchPieces.size(examples * map.count)
      if method == nil {
        if let plain = features(.prototype) { look(.prototype, plain) }
        if let centred = features(.centred) {
          look(.centred, centred)
          rows += ScratchPieces.size(examples * centred.count)
        }
        scratch = max(
          scratch, HeadChoice.scratchCount(examples: examples, classes: classes, dimension: dimension, features: map.count))
      }
      sectionByteCount = section
      byteCount = 4 * (ScratchPieces.size((section + 3) / 4) + rows + scratch)
    }
  }
}
