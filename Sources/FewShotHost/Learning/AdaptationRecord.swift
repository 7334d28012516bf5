import FewShot
import HostRuntime
import ModelCompiler
public import TinyNN

/// What a task file needs to go back to before an adaptation: the bytes of the weights that were trained, the encoder's
/// statistics, and what the task knew with the encoder as it was.
public struct AdaptationRecord: Sendable {
  struct Patch: Equatable {
    /// In the weights section.
    let offset: Int
    let bytes: [UInt8]
  }

  let patches: [Patch]
  let statistics: [UInt8]
  let task: TaskFile
  /// Of the trained tail, by photos that were held out; nil where the head's own serves.
  let calibration: Calibration?
  /// The labelled photos as the aligned encoder sees them, by which it is judged; nil where it was not aligned.
  let aligned: Knowledge?

  private static let headerByteCount = AdaptationCalibration.headerByteCount
  /// Where the header has the sizes of its parts, in their order.
  private static let sizePlaces = [8, 12, 16, 20, 44]
  static let sections = TaskFile.ownSections

  /// `before` and `after` are the same encoder before and after training, `task` what was or would be known without it.
  init(before: Model, after: Model, task: TaskFile, calibration: Calibration?, aligned: Knowledge?) {
    let (old, new) = (before.section(.weights), after.section(.weights))
    precondition(old.count == new.count)
    var patches: [Patch] = []
    var position = 0
    while position < old.count {
      let size = min(64, old.count - position)
      if (position..<position + size).contains(where: { old.load(UInt8.self, at: $0) != new.load(UInt8.self, at: $0) }) {
        let bytes = old.slice(position, size).array
        // Neighbours are joined: one patch for each run of changed lines.
        if let last = patches.last, last.offset + last.bytes.count == position {
          patches[patches.count - 1] = Patch(offset: last.offset, bytes: last.bytes + bytes)
        } else {
          patches.append(Patch(offset: position, bytes: bytes))
        }
      }
      position += size
    }
    self.patches = patches
    statistics = before.has(.statistics) ? before.section(.statistics).array : []
    self.task = task
    self.calibration = calibration
    self.aligned = aligned
  }

  /// Nil if the file's encoder was not adapted. Checks all of the section.
  public init?(reading model: Model) throws(ModelError) {
    guard model.has(.adaptation) else { return nil }
    let bytes = model.section(.adaptation), offset = model.offset(of: .adaptation)
    let check = SectionCheck(bytes: bytes, offset: offset, reason: .taskMalformed)
    try check.requireHeader(AdaptationRecord.headerByteCount)
    let count = try check.number(4, in: 0...1 << 20)
    let records = AdaptationRecord.headerByteCount + 8 * count
    guard bytes.count >= records else { throw check.refusal(at: 4, found: bytes.count, needed: records) }
    var (end, parts) = (records, [ByteRegion]())
    var starts: [Int] = []
    for place in AdaptationRecord.sizePlaces {
      let (start, size) = (Format.aligned(end), try check.number(place, in: 0...Int(Int32.max)))
      guard bytes.contains(start, size) else { throw check.refusal(at: place, found: size, needed: bytes.count) }
      parts.append(bytes.slice(start, size))
      starts.append(offset + start)
      end = start + size
    }
    end = Format.aligned(end)
    let weights = model.section(.weights)
    var patches: [Patch] = []
    for index in 0..<count {
      let record = AdaptationRecord.headerByteCount + 8 * index
      let (place, size) = (bytes.index(record), bytes.index(record + 4))
      guard weights.contains(place, size), bytes.contains(end, size) else {
        throw check.refusal(at: record, found: place, needed: weights.count)
      }
      patches.append(Patch(offset: place, bytes: bytes.slice(end, size).array))
      end += size
    }
    try check.requireByteCount(end)
    self.patches = patches
    calibration = try AdaptationCalibration.read(check)
    statistics = parts[0].array
    let classes = try ClassesView(parts[1], at: starts[1])
    let knowledge = Knowledge(
      classes: classes,
      examples: try ExamplesView(parts[2], at: starts[2], classCount: classes.count, dimension: model.embeddingDimension))
    var history: [Knowledge] = []
    if parts[3].count > 0 {
      let past = try HistoryView(parts[3], at: starts[3], dimension: model.embeddingDimension)
      for index in 0..<past.count {
        let state = try past.snapshot(index)
        history.append(Knowledge(classes: state.classes, examples: state.examples))
      }
    }
    aligned =
      parts[4].count == 0
      ? nil
      : Knowledge(
        classes: classes,
        examples: try ExamplesView(parts[4], at: starts[4], classCount: classes.count, dimension: model.embeddingDimension))
    let code = bytes.word(40)
    guard code == 0 || HeadMethod(rawValue: code) != nil else { throw check.refusal(at: 40) }
    task = TaskFile(knowledge, method: HeadMethod(rawValue: code).map { .head($0) } ?? .auto, history: history)
  }

  var section: [UInt8] {
    let parts = [
      statistics, task.knowledge.classesSection, task.knowledge.examplesSection, task.history.isEmpty ? [] : task.historySection,
      aligned?.examplesSection ?? [],
    ]
    var bytes: [UInt8] = []
    bytes.append(word: SectionLayout.version)
    bytes.append(word: UInt32(patches.count))
    for part in parts.dropLast() { bytes.append(word: UInt32(part.count)) }
    bytes.append(float: calibration?.scale ?? 0)
    bytes.append(float: calibration?.threshold ?? 0)
    bytes.append(word: UInt32(calibration?.leftOutCount ?? 0))
    bytes.append(word: UInt32(calibration?.leftOutRight ?? 0))
    if case .head(let method) = task.method { bytes.append(word: method.rawValue) } else { bytes.append(word: UInt32(0)) }
    bytes.append(word: UInt32(parts[4].count))
    for patch in patches {
      bytes.append(word: UInt32(patch.offset))
      bytes.append(word: UInt32(patch.bytes.count))
    }
    for part in parts {
      bytes.align()
      bytes.append(contentsOf: part)
    }
    bytes.align()
    for patch in patches { bytes.append(contentsOf: patch.bytes) }
    return bytes
  }

  /// The changed encoder's file with this record in it, for as long as `after` stays. A trained tail's statistics are left out:
  /// they are of the encoder as it was.
  func adapted(_ after: Model, keepsStatistics: Bool) -> FileWriter {
    var writer = FileWriter(
      borrowing: after, except: AdaptationRecord.sections + [.adaptation] + (keepsStatistics ? [] : [.statistics]))
    writer.add(.adaptation, section)
    return writer
  }

  /// The encoder as it was before, from the adapted one.
  public func restored(_ adapted: Model) -> [UInt8] {
    var weights = adapted.section(.weights).array
    for patch in patches { weights.replaceSubrange(patch.offset..<patch.offset + patch.bytes.count, with: patch.bytes) }
    var writer = FileWriter(copying: adapted, except: AdaptationRecord.sections + [.weights, .statistics, .adaptation])
    writer.add(.weights, weights)
    if !statistics.isEmpty { writer.add(.statistics, statistics) }
    return writer.finish()
  }

  /// True if `encoder` is what `adapted` was before.
  public func restores(_ adapted: Model, to encoder: Model) -> Bool {
    let (changed, weights) = (adapted.section(.weights), encoder.section(.weights))
    guard adapted.hasSameArchitecture(as: encoder), changed.count == weights.count else { return false }
    func areEqual(_ a: ByteRegion, _ b: ByteRegion) -> Bool {
      (0..<a.count).allSatisfy { a.load(UInt8.self, at: $0) == b.load(UInt8.self, at: $0) }
    }
    var position = 0
    for patch in patches {
      let end = patch.offset + patch.bytes.count
      guard patch.offset >= position, end <= weights.count else { return false }
      guard areEqual(changed.slice(position, patch.offset - position), weights.slice(position, patch.offset - position)) else {
        return false
      }
      guard patch.bytes.indices.allSatisfy({ patch.bytes[$0] == weights.load(UInt8.self, at: patch.offset + $0) }) else {
        return false
      }
      position = end
    }
    return areEqual(changed.slice(position, changed.count - position), weights.slice(position, weights.count - position))
  }

  /// The task as it was before.
  public var previous: TaskFile { task }
}
