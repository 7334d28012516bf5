import FewShot
import HostRuntime
public import TinyNN

/// What stands where a task is to be written.
public enum PreviousTask {
  /// There is no file.
  case none
  /// What the file knows, as the encoder would have learned it.
  case task(TaskFile)
  /// An encoder, of no interest.
  case encoder
  /// A task of another encoder, whose embeddings cannot be compared.
  case otherEncoder
  /// A .tnn file that cannot be read.
  case unreadable(any Error)
  /// Something else, which should stay.
  case noModel(any Error)

  /// Looks at the file at `path` for learning with `encoder`. An adapted task goes back to what it was before.
  public init(at path: String, for encoder: Model) {
    guard isFile(path) else {
      self = .none
      return
    }
    do {
      let file = try MappedFile(path)
      self = try withExtendedLifetime(file) { try PreviousTask(Model(validating: file.bytes), for: encoder) }
    } catch { self = PreviousTask.isModel(path) ? .unreadable(error) : .noModel(error) }
  }

  private init(_ old: Model, for encoder: Model) throws {
    if old.hasSameEncoder(as: encoder) {
      self = try TaskFile(reading: old).map { .task($0) } ?? .encoder
    } else if let record = try AdaptationRecord(reading: old), record.restores(old, to: encoder) {
      self = .task(record.previous)
    } else {
      self = old.has(.classes) ? .otherEncoder : .encoder
    }
  }

  public var task: TaskFile? { if case .task(let task) = self { task } else { nil } }

  /// True if the file starts as .tnn files do, whatever follows.
  private static func isModel(_ path: String) -> Bool {
    guard let file = try? MappedFile(path) else { return false }
    return withExtendedLifetime(file) { file.bytes.count >= 8 && file.bytes.load(UInt64.self, at: 0) == Format.magic }
  }
}
