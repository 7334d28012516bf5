public import FewShot
import HostRuntime
import ModelCompiler
public import TinyNN

/// A task as it is kept in a file: what it knows, and what it knew before its last edits.
///
/// The file is self-contained: the encoder's sections unchanged, then classes, examples, head, history, and photos
/// without labels. The same knowledge and photos on the same encoder always gives the same classes, examples and head.
public struct TaskFile: Equatable, Sendable {
  public private(set) var knowledge: Knowledge
  /// States before the last edits, the newest last; at most `TaskLimits.snapshotCount`.
  public private(set) var history: [Knowledge] = []

  /// Photos without labels of the device's camera; they stay when classes change, and earlier states have none of their own.
  public var unlabelled: UnlabelledPhotos?

  static let ownSections: [SectionKind] = [.classes, .examples, .head, .history, .unlabelled]

  /// How the head is learned, now and after edits.
  public var method: LearningMethod

  public init(_ knowledge: Knowledge, method: LearningMethod = .head(.prototype), history: [Knowledge] = []) {
    self.knowledge = knowledge
    self.method = method
    self.history = history
  }

  /// Reads the task of a checked file, or nil if the file is an encoder that has not learned anything. All of the task's
  /// sections are checked.
  public init?(reading model: Model) throws(ModelError) {
    guard model.has(.classes) else { return nil }
    let classes = try ClassesView(model)
    let examples = try ExamplesView(model, classes: classes)
    knowledge = Knowledge(classes: classes, examples: examples)
    unlabelled = try UnlabelledView.of(model, examples: examples).map { UnlabelledPhotos($0, dimension: examples.dimension) }
    let head = try HeadView(model, classes: classes)
    method = head.isChosen ? .auto : .head(head.method)
    guard let past = try HistoryView.of(model) else { return }
    for index in 0..<past.count {
      let state = try past.snapshot(index)
      history.append(Knowledge(classes: state.classes, examples: state.examples))
    }
  }

  /// Applies an edit; if it changes what the task knows, the state before is kept for `undo`.
  public mutating func edit(_ change: (inout Knowledge) throws(TaskEditError) -> Void) throws(TaskEditError) {
    var edited = knowledge
    try change(&edited)
    replace(by: edited)
  }

  /// Makes `new` what the task knows; if it differs, the state before is kept for `undo`.
  public mutating func replace(by new: Knowledge) {
    guard new != knowledge else { return }
    history.append(knowledge)
    if history.count > TaskLimits.snapshotCount { history.removeFirst() }
    knowledge = new
  }

  /// Goes back to the state before the last edit.
  public mutating func undo() throws(TaskEditError) {
    guard let last = history.popLast() else { throw .nothingToUndo }
    knowledge = last
  }

  /// The bytes of the file and the head in it. `encoder` is a checked encoder or task file whose embeddings have the
  /// knowledge's dimension; its task, if any, is left out. Its bytes must stay
  /// during the call. Throws `ModelError` or `HeadError`.
  public func encoded(encoder: Model) throws -> (bytes: [UInt8], head: LearnedHead) {
    precondition(encoder.embeddingDimension == knowledge.dimension)
    let head = try LearnedHead(
      knowledge, statistics: try StatisticsView.of(encoder), method: method, calibration: try AdaptationCalibration.of(encoder),
      unlabelled: unlabelled?.without(knowledge))
    try AvailableMemory.require(2 * encoder.bytes.count)
    var writer = FileWriter(borrowing: encoder, except: TaskFile.ownSections)
    writer.add(.classes, knowledge.classesSection)
    writer.add(.examples, knowledge.examplesSection)
    writer.add(.head, head.section)
    if !history.isEmpty { writer.add(.history, historySection) }
    if let propagation = head.propagation { writer.add(.unlabelled, propagation.section) }
    return (writer.finish(), head)
  }

  var historySection: [UInt8] {
    let parts = history.flatMap { [$0.classesSection, $0.examplesSection] }
    var bytes: [UInt8] = []
    bytes.append(word: SectionLayout.version)
    bytes.append(word: UInt32(history.count))
    bytes.append(word: UInt64(0))
    for part in parts { bytes.append(word: UInt32(part.count)) }
    for part in parts {
      bytes.align()
      bytes.append(contentsOf: part)
    }
    return bytes
  }
}
