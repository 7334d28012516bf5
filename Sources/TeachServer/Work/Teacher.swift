import FewShotHost
import HostRuntime
import ImageFiles
import Synchronization

/// The board, its camera and the work on it: what the interface asks. May be used from any thread.
final class Teacher: Sendable {
  private struct State {
    var history: BoardHistory
    /// Grows with each change that a page shows.
    var revision = 1
    var work: Work?
    var worksDone = 0
    /// The revision of the board that the task was learned from; nil where that is not known.
    var taught: Board?
    var classifier: Classifier?
  }

  let camera: Camera?
  /// Rung when what a page shows has changed.
  let bell = Bell()
  private let folder: BoardFolder
  private let workbench: Workbench
  private let state: Mutex<State>

  /// Larger photos are refused before memory is taken for them; the page makes those of phones smaller.
  static let pixelLimit = 24_000_000
  static let shortestSide = 16

  /// - Throws: `FileError`; or `ModelError`, `PhotoEncoderError` where the encoder cannot embed photos.
  init(_ folder: BoardFolder, encoder: String, camera: Camera?, threads: Int) throws {
    self.folder = folder
    self.camera = camera
    workbench = Workbench(encoder: encoder, folder: folder, threads: threads)
    // Refused now rather than when the first photo comes.
    _ = try PhotoEncoder(encoder)
    let board = try folder.read()
    var state = State(history: BoardHistory(board))
    // A task that cannot be read is learned anew.
    state.classifier = isFile(folder.taskPath) ? try? Classifier(folder.taskPath) : nil
    camera?.use(state.classifier)
    self.state = Mutex(state)
    folder.deleteAllBut(board.allPhotos)
  }

  var board: Board { state.withLock { $0.history.board } }
  var revision: Int { state.withLock { $0.revision } }
  var classifier: Classifier? { state.withLock { $0.classifier } }
  var work: Work? { state.withLock { $0.work } }
  /// What undo would take back.
  var undoable: String? { state.withLock { $0.history.undoable } }

  /// Whether the task knows what is on the board; nil where there is none, or it is of an earlier start.
  var isTaskUpToDate: Bool? { state.withLock { state in state.taught.map { $0.classes == state.history.board.classes } } }

  var taskFile: [UInt8]? { try? BoardFolder.bytes(of: folder.taskPath) }

  // MARK: Photos

  /// Decodes a photo.
  static func decode(_ bytes: [UInt8], shortSide: Int) throws(ImageFileError) -> RGBImage {
    let image = try RGBImage(
      decoding: bytes, name: "the photo", options: ImageDecodingOptions(minimumShortSide: shortSide, maximumPixelCount: pixelLimit))
    guard min(image.fullWidth, image.fullHeight) >= shortestSide else {
      throw ImageFileError(
        path: "the photo",
        reason: .unsupported(detail: "\(image.fullWidth)x\(image.fullHeight) pixels are too few, at least \(shortestSide) a side"))
    }
    return image
  }

  /// Keeps a photo and puts it into a class, or among those that have none.
  /// - Returns: its identifier, and whether it is new.
  /// - Throws: `ImageFileError`, `FileError` or `BoardError`.
  func add(_ bytes: [UInt8], to name: String?) throws -> (photo: UInt64, isNew: Bool) {
    let image = try Self.decode(bytes, shortSide: 160)
    // Refused before anything is written.
    var trial = board
    try trial.put([0], into: name)
    let photo = try folder.keep(bytes, image)
    let isNew = !board.contains(photo)
    try change("adding photos to \(name ?? "the unsorted ones")", joins: true) { board throws(BoardError) in
      try board.put([photo], into: name)
    }
    return (photo, isNew)
  }

  func file(of photo: UInt64, isThumbnail: Bool) throws -> [UInt8] {
    guard state.withLock({ $0.history.keptPhotos.contains(photo) }) else { throw BoardError.noSuchPhoto }
    return isThumbnail ? try folder.thumbnail(photo) : try folder.photo(photo)
  }

  /// What the task says of a photo, and how long it took; nil without a task.
  func classify(_ bytes: [UInt8]) throws -> (answer: Classification, milliseconds: Double)? {
    guard let classifier else { return nil }
    let start = monotonicNanoseconds()
    let side = try classifier.model.preprocessing()?.decodedShortSide ?? 256
    let answer = try classifier.classify(try Self.decode(bytes, shortSide: side))
    return (answer, Double(monotonicNanoseconds() - start) / 1e6)
  }

  // MARK: Changes

  func change(
    _ what: String, joins: Bool = false, _ body: (inout Board) throws(BoardError) -> Void
  ) throws {
    try apply { history throws(BoardError) in try history.change(what, joins: joins, body) }
  }

  func undo() throws { try apply { history throws(BoardError) in try history.undo() } }

  /// Deletes the files of photos that were removed; what was done cannot be undone any more.
  func forget() throws {
    try apply { history throws(BoardError) in history.forget() }
    folder.deleteAllBut(board.allPhotos)
  }

  /// The board's file first: what cannot be written has not happened.
  private func apply(_ body: (inout BoardHistory) throws(BoardError) -> Void) throws {
    try state.withLock { state in
      var changed = state.history
      try body(&changed)
      if changed.board != state.history.board { try folder.write(changed.board) }
      state.history = changed
      state.revision += 1
    }
    bell.ring()
  }

  // MARK: Work

  enum Order: Sendable {
    case learn(takesUnsorted: Bool)
    case review
    case suggest(count: Int)

    var kind: Work.Kind {
      switch self {
      case .learn: .learn
      case .review: .review
      case .suggest: .suggest
      }
    }
  }

  /// Begins work; nil where other work goes on.
  func begin(_ order: Order) -> Work? {
    let begun = state.withLock { state -> (Work, Board)? in
      if state.work?.isRunning == true { return nil }
      state.worksDone += 1
      let work = Work(
        number: state.worksDone, kind: order.kind, revision: state.revision, state: .running(activity: "Reading", done: 0, total: 0)
      )
      state.work = work
      state.revision += 1
      return (work, state.history.board)
    }
    guard let (work, board) = begun else { return nil }
    bell.ring()
    let isStarted = BackgroundThread.start {
      self.end(Result { try self.perform(order, board) })
    }
    if !isStarted { end(.failure(WorkError(description: "the system has no thread to give; try again"))) }
    return work
  }

  private typealias Outcome = (json: JSON, sentence: String, learned: (Classifier, Board)?)

  private func perform(_ order: Order, _ board: Board) throws -> Outcome {
    let progress: Workbench.Progress = { activity, done, total in
      self.state.withLock {
        $0.work?.state = .running(activity: activity.rawValue, done: done, total: total)
        $0.revision += 1
      }
      self.bell.ring()
    }
    switch order {
    case .learn(let takesUnsorted):
      let learned = try workbench.learn(board, takesUnsorted: takesUnsorted, progress)
      return (learned.json, learned.sentence, (learned.classifier, board))
    case .review:
      let found = try workbench.review(board, progress)
      return (found.json, found.sentence, nil)
    case .suggest(let count):
      let found = try workbench.suggest(board, count: count, classifier, progress)
      return (found.json, found.sentence, nil)
    }
  }

  private func end(_ result: Result<Outcome, any Error>) {
    state.withLock { state in
      switch result {
      case .success(let outcome):
        state.work?.state = .done(outcome.json, sentence: outcome.sentence)
        if let (classifier, board) = outcome.learned {
          state.classifier = classifier
          state.taught = board
        }
      case .failure(let error): state.work?.state = .failed(Sentence.of(error))
      }
      state.revision += 1
    }
    if case .success(let outcome) = result, let (classifier, _) = outcome.learned { camera?.use(classifier) }
    bell.ring()
  }
}
