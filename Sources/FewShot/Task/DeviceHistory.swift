package import TinyNN

/// Earlier states of a `DeviceTask` in memory of their own that the caller gave: the sizes of their sections, then classes and
/// examples of each state, as they stand in the file's history.
///
/// Safe to use because the memory was compared with the size of so many states, and every place is inside it.
@safe package struct DeviceHistory {
  package let capacity: Int
  package private(set) var count = 0
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int
  /// Where the next state goes.
  private var end = DeviceHistory.sizesByteCount

  private static let sizesByteCount = Format.aligned(TaskLimits.snapshotCount * SectionLayout.snapshotRecordByteCount)

  /// Bytes of memory for so many states of a task of this layout; nil where they do not fit into the address space.
  package static func byteCount(states: Int, _ layout: DeviceTaskLayout) -> Int? {
    let names = layout.classCapacity * (SectionLayout.nameRecordByteCount + TaskLimits.nameByteCount)
    let classes = Format.aligned(SectionLayout.headerByteCount + names)
    let records = Format.aligned(SectionLayout.headerByteCount + layout.exampleCapacity * SectionLayout.exampleRecordByteCount)
    let rows = layout.exampleCapacity.multipliedReportingOverflow(by: 4 * layout.dimension)
    let limit = Int.max / (4 * TaskLimits.snapshotCount)
    guard !rows.overflow, rows.partialValue < limit, classes + records < limit else { return nil }
    return sizesByteCount + states * (classes + records + Format.aligned(rows.partialValue))
  }

  /// `memory` holds so many bytes at a multiple of 64, used by nobody else.
  @unsafe package init(states: Int, memory: UnsafeMutableRawPointer, byteCount: Int) {
    capacity = states
    unsafe base = memory
    self.byteCount = byteCount
  }

  private var bytes: Elements<UInt8> {
    // The caller's memory, of that size.
    unsafe Elements<UInt8>(base, count: byteCount)
  }

  /// Bytes of part `index`, 0 and 1 being classes and examples of the oldest state.
  private func size(_ part: Int) -> Int { bytes.region.index(4 * part) }

  private func setSize(_ part: Int, _ size: Int) { bytes.store(UInt32(truncatingIfNeeded: size), at: 4 * part) }

  /// Makes room for a state, at the cost of the oldest ones; nil where there is none. Classes stand at the place that is returned,
  /// examples at the next multiple of 64 behind them, all zeros.
  package mutating func append(classes: Int, examples: Int) -> (target: Elements<UInt8>, classes: Int, examples: Int)? {
    let needed = Format.aligned(classes) + Format.aligned(examples)
    guard DeviceHistory.sizesByteCount + needed <= byteCount else { return nil }
    while count == capacity || end + needed > byteCount { dropOldest() }
    let start = end
    setSize(2 * count, classes)
    setSize(2 * count + 1, examples)
    count += 1
    end += needed
    let bytes = bytes
    for position in start..<end { bytes[position] = 0 }
    return (bytes, start, start + Format.aligned(classes))
  }

  private mutating func dropOldest() {
    let first = Format.aligned(size(0)) + Format.aligned(size(1)), start = DeviceHistory.sizesByteCount
    bytes.copy(bytes.region.slice(start + first, end - start - first), to: start)
    count -= 1
    end -= first
    for part in 0..<2 * count { setSize(part, size(part + 2)) }
  }

  /// The newest state's sections; nil if there is none.
  package var newest: (classes: ByteRegion, examples: ByteRegion)? {
    guard count > 0 else { return nil }
    let classes = size(2 * count - 2), examples = size(2 * count - 1)
    let start = end - Format.aligned(examples) - Format.aligned(classes)
    return (
      bytes.region.slice(start, classes), bytes.region.slice(start + Format.aligned(classes), examples)
    )
  }

  package mutating func removeNewest() {
    guard count > 0 else { return }
    count -= 1
    end -= Format.aligned(size(2 * count)) + Format.aligned(size(2 * count + 1))
  }

  // MARK: File

  private var recordsEnd: Int { SectionLayout.headerByteCount + count * SectionLayout.snapshotRecordByteCount }

  /// Bytes of the file's section; there is a state.
  var sectionByteCount: Int {
    // Nothing pads the last part.
    let examples = size(2 * count - 1)
    return Format.aligned(recordsEnd) + end - DeviceHistory.sizesByteCount - Format.aligned(examples) + examples
  }

  /// `target` has zeros there.
  func write(to target: Elements<UInt8>, at start: Int) {
    target.store(SectionLayout.version, at: start)
    target.store(UInt32(truncatingIfNeeded: count), at: start + 4)
    target.copy(
      bytes.region.slice(0, count * SectionLayout.snapshotRecordByteCount), to: start + SectionLayout.headerByteCount)
    let parts = Format.aligned(recordsEnd)
    target.copy(bytes.region.slice(DeviceHistory.sizesByteCount, sectionByteCount - parts), to: start + parts)
  }
}
