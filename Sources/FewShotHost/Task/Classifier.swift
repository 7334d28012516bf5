public import FewShot
import Glibc
public import HostRuntime
public import ImageFiles
import Synchronization
public import TinyNN

/// Why a file cannot classify.
public enum ClassifierError: Error, Equatable, Sendable {
  /// It is an encoder that knows no classes yet.
  case noClasses
}

/// What a task says of a photo.
public struct Classification: Sendable {
  /// The most likely class; where `isUnknown`, the nearest one.
  public let label: String
  /// Of `label`, between 0 and 1.
  public var confidence: Float { prediction.confidence }
  /// True if the photo shows none of the classes.
  public var isUnknown: Bool { prediction.isUnknown }
  /// All classes, the most likely first; those of equal confidence in the task's order.
  public let ranking: [(label: String, confidence: Float)]
  public let prediction: Prediction
  /// From the file to the answer.
  public internal(set) var milliseconds = 0.0
}

/// A task file that says what is on photos.
///
///     print(try Classifier("parts.tnn").classify("photo.jpg").label)
///
/// Any thread may classify. A classifier has one or several sessions, each with memory of its own: so many photos at a time, the
/// others wait.
public final class Classifier: Sendable {
  private let sessions: [ClassifierSession]
  private let pool: ThreadPool
  private let next = Atomic(0)
  /// Of the classes, in the order of the task.
  public let names: [String]

  /// - Parameters:
  ///   - path: a task file, as `Learning` writes.
  ///   - sessions: photos that are classified at a time.
  /// - Throws: `FileError`, `ModelError`, `PhotoEncoderError` or `ClassifierError`.
  public convenience init(_ path: String, sessions: Int = 1) throws {
    try self.init((0..<max(1, sessions)).map { _ in try ModelRunner(file: MappedFile(path)) })
  }

  /// One session for each encoder, all of the same task, which nobody else uses.
  /// - Throws: `ModelError`, `PhotoEncoderError` or `ClassifierError`.
  public init(_ encoders: [ModelRunner]) throws {
    precondition(!encoders.isEmpty)
    sessions = try encoders.map { try ClassifierSession($0) }
    names = sessions[0].names
    pool = ThreadPool(threadCount: encoders.count)
  }

  /// The task's encoder.
  public var model: Model { sessions[0].encoder.runner.model }
  public var head: HeadView { sessions[0].head }
  /// Bytes known before any photo is seen.
  public var plannedByteCount: Int { sessions.reduce(0) { $0 + $1.plannedByteCount } }

  /// What is on the photo in a file; "-" is standard input.
  public func classify(_ path: String) throws(PhotoError) -> Classification {
    try withSession { session throws(PhotoError) in try session.classify(path) }
  }

  public func classify(_ image: RGBImage) throws(PhotoEncoderError) -> Classification {
    try withSession { session throws(PhotoEncoderError) in session.classify(try session.encoder.embed(image)) }
  }

  /// What an embedding says, as the task's encoder gave it.
  public func classify(embedding: [Float]) -> Classification { withSession { $0.classify(embedding) } }

  /// What is on several photos, in their order: as many at a time as there are sessions.
  public func classify(_ photos: [String]) -> [Result<Classification, PhotoError>] {
    let results = Mutex([Result<Classification, PhotoError>?](repeating: nil, count: photos.count))
    pool.perform(photos.count) { index in
      let result = Result { () throws(PhotoError) in try self.classify(photos[index]) }
      results.withLock { $0[index] = result }
    }
    return results.withLock { $0.map { $0! } }
  }

  /// Lends a session that is free, or waits for the next in turn.
  func withSession<R, E: Error>(_ body: (ClassifierSession) throws(E) -> R) throws(E) -> R {
    for session in sessions where session.lock.tryLock() {
      defer { session.lock.unlock() }
      return try body(session)
    }
    let session = sessions[next.wrappingAdd(1, ordering: .relaxed).oldValue % sessions.count]
    session.lock.lock()
    defer { session.lock.unlock() }
    return try body(session)
  }
}

/// What one thread at a time classifies with: who uses it holds `lock`.
final class ClassifierSession: @unchecked Sendable {
  fileprivate let lock = ThreadLock()
  let encoder: PhotoEncoder
  let names: [String]
  let head: HeadView
  private let source: PhotoSource
  private var confidences: [Float]
  private var scratch: [Float]

  init(_ opened: ModelRunner) throws {
    encoder = try PhotoEncoder(opened)
    guard opened.model.has(.classes) else { throw ClassifierError.noClasses }
    source = PhotoSource(encoder)
    let classes = try ClassesView(opened.model)
    _ = try ExamplesView(opened.model, classes: classes)
    head = try HeadView(opened.model, classes: classes)
    names = (0..<classes.count).map { classes[$0].string }
    confidences = [Float](repeating: 0, count: names.count)
    scratch = [Float](repeating: 0, count: head.scratchCount)
  }

  var plannedByteCount: Int { encoder.plannedByteCount + 4 * (names.count + encoder.dimension + scratch.count) }

  func classify(_ path: String) throws(PhotoError) -> Classification {
    let start = monotonicNanoseconds()
    var answer = classify(try source.embedding(of: path))
    answer.milliseconds = Double(monotonicNanoseconds() - start) / 1e6
    return answer
  }

  func classify(_ embedding: [Float]) -> Classification {
    let (values, length) = embedding.normalized()
    var span = confidences.mutableSpan
    var scratchSpan = scratch.mutableSpan
    let prediction = values.withUnsafeBufferPointer {
      // Embeddings have at least one value.
      head.classify(
        Embedding($0.baseAddress!, count: $0.count), length: length, confidences: &span, scratch: &scratchSpan)
    }
    let order = confidences.indices.sorted {
      confidences[$0] > confidences[$1] || (confidences[$0] == confidences[$1] && $0 < $1)
    }
    return Classification(
      label: names[prediction.label], ranking: order.map { (names[$0], confidences[$0]) }, prediction: prediction)
  }
}

/// A mutual exclusion that may be held across calls.
private final class ThreadLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { pthread_mutex_init(mutex, nil) }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }
  func tryLock() -> Bool { pthread_mutex_trylock(mutex) == 0 }
  func unlock() { pthread_mutex_unlock(mutex) }
}
