import FewShotHost
import Glibc
import HostRuntime
import Synchronization

/// The live picture: the newest frame, and what the task says of it while somebody looks.
final class Camera: Sendable {
  struct Frame: Sendable {
    /// From 1.
    let number: Int
    let bytes: [UInt8]
    let time: UTCTime
    /// Nil without a task, where nobody looked, or where the frame has none.
    let answer: FrameAnswer?
    /// Why there is no answer; nil where nothing is wrong.
    let problem: String?
  }

  private struct State {
    var frame: Frame?
    var classifier: Classifier?
    var isNewTask = false
    /// When somebody asked for a frame last.
    var asked = Int.min / 2
  }

  /// Rung with each frame.
  let bell = Bell()
  let source: String
  private let stream: FrameStream
  private let state = Mutex(State())
  private let trouble = Trouble()
  private let interval: Double

  /// Frames are looked at for so long after somebody asked for one.
  private static let watchedNanoseconds = 3_000_000_000

  /// Starts to read, until `stop`.
  /// - Parameter interval: seconds from one frame to the next, at least.
  /// - Throws: `FrameStreamError`.
  init(_ source: String, interval: Double) throws(FrameStreamError) {
    self.source = source
    self.interval = interval
    let trouble = trouble
    stream = try FrameStream(FrameSource(source)) { event in
      if case .restarting(let reason, let seconds) = event { trouble.text.withLock { $0 = "\(reason); again in \(seconds) s" } }
    }
    BackgroundThread.start { self.run() }
  }

  func stop() {
    stream.stop()
    stream.waitForChild()
  }

  /// What answers from now on; nil for none.
  func use(_ classifier: Classifier?) {
    state.withLock {
      $0.classifier = classifier
      $0.isNewTask = true
    }
  }

  var newest: Frame? { state.withLock { $0.frame } }

  /// Why there are no frames; nil where there are, or may be.
  var problem: String? { trouble.text.withLock { $0 } }

  /// Calls `body` with a frame other than that of a number, or with nil after as long as said.
  func frame(after number: Int, waiting milliseconds: Int, _ body: @escaping @Sendable (Frame?) -> Void) {
    state.withLock { $0.asked = monotonicNanoseconds() }
    bell.wait(milliseconds: milliseconds) {
      state.withLock { $0.frame.map { $0.number != number } ?? false }
    } _: { [weak self] in
      body(self?.newest.flatMap { $0.number != number ? $0 : nil })
    }
  }

  // MARK: The thread that reads

  private func run() {
    var bytes: [UInt8] = [], watcher: Watcher?, next = 0
    while !stream.isStopped {
      let wait = next - monotonicNanoseconds()
      if wait > 0 {
        usleep(UInt32(min(wait, 200_000_000) / 1000))
        continue
      }
      let found: FrameStream.Next
      do { found = try stream.next(into: &bytes, waiting: 1000) } catch { return fail(Self.sentence(error)) }
      switch found {
      case .nothing: continue
      case .end: return fail("the stream has ended")
      case .frame:
        next = monotonicNanoseconds() + Int(interval * 1e9)
        take(bytes, &watcher)
      }
    }
  }

  private func take(_ bytes: [UInt8], _ watcher: inout Watcher?) {
    let (isNew, classifier, isWatched) = state.withLock { state in
      defer { state.isNewTask = false }
      return (state.isNewTask, state.classifier, monotonicNanoseconds() - state.asked < Self.watchedNanoseconds)
    }
    if isNew { watcher = classifier.map { Watcher($0, WatchOptions()) } }
    var answer: FrameAnswer?, problem: String?
    if isWatched, let watcher {
      do { answer = try watcher.answer(bytes) } catch { problem = Self.sentence(error) }
    }
    let (found, wrong) = (answer, problem)
    trouble.text.withLock { $0 = nil }
    state.withLock { state in
      state.frame = Frame(
        number: (state.frame?.number ?? 0) + 1, bytes: bytes, time: UTCTime.now, answer: found, problem: wrong)
    }
    bell.ring()
  }

  private func fail(_ problem: String) {
    trouble.text.withLock { $0 = problem }
    bell.ring()
  }

  private static func sentence(_ error: FrameError) -> String {
    switch error {
    case .image(let error): "\(error)"
    case .encoder(let error): "the encoder refuses the frame: \(error)"
    case .crop(let width, let height): "the crop is not inside frames of \(width)x\(height) pixels"
    }
  }

  static func sentence(_ error: FrameStreamError) -> String {
    switch error {
    case .missing(let path): "\(path): no such folder, device or file; check the path"
    case .folder(_, let path): "\(path): the folder is gone, or cannot be watched"
    case .noFrames(let name): "\(name): ended without a JPEG in it"
    case .noProgram: "ffmpeg is not installed, and reads this source: apt install ffmpeg"
    case .program(let reason, let source): "\(source): ffmpeg: \(reason)"
    case .cannotRead(_, let name): "\(name): cannot be read"
    }
  }

  /// Why there are no frames, as the thread that reads the source says.
  private final class Trouble: Sendable {
    let text = Mutex<String?>(nil)
  }
}
