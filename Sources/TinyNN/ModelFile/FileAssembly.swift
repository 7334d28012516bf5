/// Kinds of sections.
public struct SectionSet: Sendable {
  private let bits: UInt32

  private init(bits: UInt32) { self.bits = bits }

  /// Classes, examples, head, history, photos without labels: what a task adds to an encoder.
  public static var task: SectionSet {
    SectionSet(bits: bit(.classes) | bit(.examples) | bit(.head) | bit(.history) | bit(.unlabelled))
  }

  /// What was learned with the weights as they were: a task, statistics, the record of an adaptation.
  public static var dependingOnWeights: SectionSet {
    SectionSet(bits: task.bits | bit(.statistics) | bit(.adaptation))
  }

  private static func bit(_ kind: SectionKind) -> UInt32 { 1 &<< kind.rawValue }

  public func contains(_ kind: SectionKind) -> Bool { bits & SectionSet.bit(kind) != 0 }
}

/// Writes a .tnn file into the caller's memory, section by section: header, section table, aligned sections, checksum.
///
/// Without a target it only counts: the size that the same calls would write.
public struct FileAssembly {
  private let target: Elements<UInt8>?
  private var entry = Format.headerByteCount
  /// Bytes so far.
  public private(set) var byteCount: Int

  /// Where the weights section is, 0 if there is none yet.
  public private(set) var weightsOffset = 0

  /// `target` holds all of the file, at any address.
  public init(sectionCount: Int, into target: Elements<UInt8>?) {
    self.target = target
    byteCount = 0
    extend(to: Format.headerByteCount + sectionCount * Format.sectionEntryByteCount)
    target?.store(Format.magic, at: 0)
    target?.store(Format.version, at: 8)
    target?.store(UInt32(truncatingIfNeeded: sectionCount), at: 12)
  }

  /// Adds a section of zeros and returns its place in the file.
  public mutating func add(_ kind: SectionKind, byteCount count: Int) -> Int {
    extend(to: Format.aligned(byteCount))
    let start = byteCount
    if kind == .weights { weightsOffset = start }
    extend(to: start + count)
    if kind == .unlabelled { target?.store(Format.extendedVersion, at: 8) }
    target?.store(kind.rawValue, at: entry)
    target?.storeSize(start, at: entry + 8)
    target?.storeSize(count, at: entry + 16)
    entry += Format.sectionEntryByteCount
    return start
  }

  /// Copies all sections of a checked file but those in `left`.
  public mutating func copySections(of model: Model, except left: SectionSet) {
    for raw in UInt32(1)...SectionKind.last.rawValue {
      guard let kind = SectionKind(rawValue: raw), model.has(kind), !left.contains(kind) else { continue }
      let section = model.section(kind)
      let start = add(kind, byteCount: section.count)
      target?.copy(section, to: start)
    }
  }

  /// Writes length and checksum: the file is complete.
  public func seal() {
    guard let target else { return }
    target.storeSize(byteCount, at: 16)
    target.store(Checksum.ofFile(target.region(byteCount)), at: 24)
  }

  private mutating func extend(to end: Int) {
    target?.clear(byteCount..<end)
    byteCount = end
  }
}

extension Model {
  /// Sections that are not in `left`.
  public func sectionCount(except left: SectionSet) -> Int {
    var count = 0
    for raw in UInt32(1)...SectionKind.last.rawValue {
      if let kind = SectionKind(rawValue: raw), has(kind), !left.contains(kind) { count += 1 }
    }
    return count
  }
}
