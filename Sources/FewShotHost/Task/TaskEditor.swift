import FewShot
public import HostRuntime
public import TinyNN

/// A task file opened for looking at and changing what it knows, without its old photos.
public struct TaskEditor {
  public private(set) var task: TaskFile
  /// Whether the encoder was changed by an adaptation.
  public private(set) var isAdapted: Bool
  /// Whether it was aligned with another camera.
  public var isAligned: Bool { isAdapted && record?.aligned != nil }
  private var file: TaskEditor.Bytes
  private let record: AdaptationRecord?
  /// Of the file, where it is to be changed.
  private let lock: FileLock?

  /// What keeps the model's bytes.
  private enum Bytes {
    case file(MappedFile)
    case memory(AlignedMemory)
  }

  /// The task's encoder; its bytes stay as long as this value.
  public private(set) var model: Model

  /// - Parameters:
  ///   - path: of the task file.
  ///   - locksFile: keeps other editors away until this value goes, so that no edit is lost.
  ///   - seconds: how long to wait for another editor.
  /// - Throws: `FileError`, also where another process kept the file locked, `ModelError`, or `ClassifierError.noClasses`.
  public init(contentsOf path: String, locksFile: Bool = false, waiting seconds: Double = FileLock.waitingSeconds) throws {
    lock = locksFile ? try FileLock(path, waiting: seconds) : nil
    let mapped = try MappedFile(path)
    file = .file(mapped)
    model = try Model(validating: mapped.bytes)
    guard let stored = try TaskFile(reading: model) else { throw ClassifierError.noClasses }
    task = stored
    isAdapted = model.has(.adaptation)
    record = try AdaptationRecord(reading: model)
  }

  /// Applies an edit; if it changes what the task knows, the state before is kept for `undo`.
  public mutating func edit(_ change: (inout Knowledge) throws -> Void) rethrows {
    var edited = task.knowledge
    try change(&edited)
    task.replace(by: edited)
  }

  /// Goes back to the state before the last edit, or, behind the first, before the encoder's adaptation: then it returns true, and
  /// photos without labels are forgotten, whose embeddings are of the adapted encoder.
  /// - Throws: `TaskEditError.nothingToUndo` or `ModelError`.
  public mutating func undo() throws -> Bool {
    guard task.history.isEmpty, isAdapted, let record else {
      try task.undo()
      return false
    }
    // Its bytes and the copy that is aligned.
    try AvailableMemory.require(3 * model.bytes.count)
    let restored = AlignedMemory(copying: record.restored(model))
    model = try Model(validating: restored.bytes)
    file = .memory(restored)
    task = record.previous
    isAdapted = false
    return true
  }

  /// Forgets the photos without labels; earlier states have none.
  public mutating func forgetUnlabelled() { task.unlabelled = nil }

  /// What it knows, for a task of `encoder`.
  /// - Throws: `TaskEditError.otherEmbeddings` where the encoders differ.
  public func knowledge(comparableWith encoder: Model) throws(TaskEditError) -> Knowledge {
    guard model.hasSameEncoder(as: encoder) else { throw .otherEmbeddings }
    return task.knowledge
  }

  /// The part of left-out photos that the task's network answers rightly with `head`, aligned where it is; nil where every class
  /// has one photo.
  public func leaveOneOutAccuracy(of head: LearnedHead) throws -> Double? {
    guard isAligned, let record else { return head.calibration.leaveOneOutAccuracy }
    return try withExtendedLifetime(file) {
      try record.leaveOneOutAccuracy(task.knowledge, LeftOutHead(head), statistics: StatisticsView.of(model))
    }
  }

  /// Learns the head anew and writes the task file atomically; a file that was locked only if it is still the one that was read.
  /// - Throws: `FileError`, `ModelError` or `HeadError`.
  public func write(to path: String) throws -> LearnedHead {
    let encoded = try withExtendedLifetime(file) { try task.encoded(encoder: model) }
    try writeAtomically(encoded.bytes, to: path, replacing: lock?.identity)
    return encoded.head
  }
}
