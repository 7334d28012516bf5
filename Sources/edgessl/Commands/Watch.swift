import ArgumentParser
import FewShotHost
import Glibc
import HostRuntime
import Synchronization

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is on live frames.",
    discussion: """
      SOURCE is - (JPEG files one after the other, or multipart/x-mixed-replace, on standard input), a folder into which photos \
      are put, or what ffmpeg reads: rtsp:// or http:// addresses, /dev/video0, a video file. Only the newest frame is looked at; \
      those that come meanwhile are dropped. On a terminal one line is rewritten; elsewhere there is a line whenever the stable \
      label changes, with --json one for every answer.
      """)

  @Argument(help: ArgumentHelp("Where frames come from.", valueName: "SOURCE"))
  var source: String

  @Option(help: ArgumentHelp("The task file. (default: $EDGESSL_TASK, else the current task file)", valueName: "TASK.tnn"))
  var model: String?

  @Option(help: ArgumentHelp("Look at a part of the frame only, in pixels, or in percent: 25%,0%,50%,100%.", valueName: "X,Y,W,H"))
  var crop: String?

  @Option(help: ArgumentHelp("Seconds from one answer to the next, at least.", valueName: "S"))
  var interval = 0.0

  @Flag(help: "Look only at frames that differ from the last one that was looked at.")
  var motion = false

  @Option(help: ArgumentHelp("Answers in a row that make a stable label.", valueName: "N"))
  var stable = 3

  @Option(help: ArgumentHelp("Keep frames of unknown things, of low confidence and where the answer changes.", valueName: "DIR"))
  var saveUncertain: String?

  @Option(help: ArgumentHelp("How many frames are kept; the oldest go.", valueName: "N"))
  var limit = 200

  @OptionGroup var broker: BrokerOptions
  @OptionGroup var runtime: RuntimeOptions
  @OptionGroup var results: OutputOptions

  func validate() throws {
    for (name, value, range) in [("--stable", stable, 1...1000), ("--limit", limit, 1...100_000)] where !range.contains(value) {
      throw ValidationError("\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    guard interval >= 0, interval <= 86_400 else {
      throw ValidationError("--interval is \(interval); it must be 0 to 86400 seconds")
    }
    if let crop, Crop(crop) == nil {
      throw ValidationError("--crop: '\(crop)' is not X,Y,W,H in pixels, nor in percent inside the frame, such as 25%,0%,50%,100%")
    }
  }

  func run() throws {
    let location = try ModelLocation.task(option: model)
    location.announce("task")
    try location.requireTask()
    let stopping = Stopping()
    TerminationSignals.observe { _ in stopping.stop() }
    let opened = try runtime.open(location.path)
    let classifier: Classifier, stream: FrameStream
    do { classifier = try Classifier([opened]) } catch { throw Failure(error, in: location.path) }
    let kept: UncertainFrames?
    do { kept = try saveUncertain.map { folder throws(FileError) in try UncertainFrames(folder, limit: limit) } } catch {
      throw error.failure
    }
    var options = WatchOptions()
    options.crop = crop.flatMap(Crop.init)
    options.needsMotion = motion
    options.stable = stable
    let watcher = Watcher(classifier, options, keeping: kept)
    do {
      stream = try FrameStream(FrameSource(source)) { event in
        if case .restarting(let reason, let seconds) = event { warn("\(reason); again in \(seconds) s") }
      }
    } catch { throw Failure(error) }
    stopping.onStop { stream.stop() }
    let state = try broker.publisher(classes: classifier.names)
    defer { state?.stop() }
    var output = WatchOutput(results)
    defer {
      output.finish()
      stream.stop()
      stream.waitForChild()
    }
    try watch(stream, watcher, location, state, &output)
  }

  private func watch(
    _ stream: FrameStream, _ watcher: Watcher, _ location: ModelLocation, _ state: BrokerState?,
    _ output: inout WatchOutput
  ) throws(Failure) {
    let service = ServiceNotifier()
    service?.send("READY=1")
    var frame: [UInt8] = [], dropped = 0, next = 0, problem = ""
    while true {
      service?.send("WATCHDOG=1")
      let wait = max(0, next - monotonicNanoseconds())
      if wait > 0 {
        // In parts, so that the end is noticed.
        usleep(UInt32(min(wait, 200_000_000) / 1000))
        if stream.isStopped { break }
        continue
      }
      let found: FrameStream.Next
      do { found = try stream.next(into: &frame, waiting: 1000) } catch { throw Failure(error) }
      guard case .frame(let arrival, let replaced) = found else {
        if case .end = found { break }
        continue
      }
      dropped += replaced
      next = monotonicNanoseconds() + Int(interval * 1e9)
      do {
        guard let answer = try watcher.answer(frame) else { continue }
        let age = Double(monotonicNanoseconds() - arrival) / 1e6
        try output.show(answer, age: age, dropped: dropped)
        dropped = 0
        state?.report(answer)
        if let error = watcher.keepingError, problem != error.description {
          problem = error.description
          warn(problem)
        }
      } catch let error as FrameError {
        let failure = Failure(error, source: source, encoder: location.path)
        guard failure.concernsPhoto else { throw failure }
        if problem != failure.message { warn("\(failure.message); skipped") }
        problem = failure.message
      } catch { throw error as! Failure }
    }
    service?.send("STOPPING=1")
  }
}

/// Ends a stream from a signal, also one that comes before there is a stream.
private final class Stopping: Sendable {
  private let state = Mutex<(isStopped: Bool, body: (@Sendable () -> Void)?)>((false, nil))

  func onStop(_ body: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.body = body
      return state.isStopped
    }
    if isLate { body() }
  }

  func stop() {
    let body = state.withLock { state in
      state.isStopped = true
      return state.body
    }
    body?()
  }
}

/// What `watch` prints.
private struct WatchOutput {
  private let results: OutputOptions
  private let isTerminal = isatty(STDOUT_FILENO) == 1
  private var isLineOpen = false

  init(_ results: OutputOptions) { self.results = results }

  mutating func show(_ answer: FrameAnswer, age: Double, dropped: Int) throws(Failure) {
    let classification = answer.classification
    if results.json {
      return try results.print(
        [
          "time": .string(UTCTime.now.description), "label": .string(classification.label),
          "confidence": .float(classification.confidence), "unknown": .bool(classification.isUnknown),
          "stable": answer.stable.map { .string($0) } ?? .null, "ageMilliseconds": .number(age),
          "milliseconds": .number(classification.milliseconds), "dropped": .integer(dropped),
          "kept": answer.kept.map { .string($0.path) } ?? .null,
        ], text: "")
    }
    let label =
      classification.isUnknown
      ? "unknown" : "\(classification.label) \(decimal(100 * Double(classification.confidence), digits: 0)) %"
    let stable = answer.stable ?? "-"
    guard isTerminal else {
      guard answer.isChange else { return }
      return try printToStandardOutput("\(UTCTime.now)  \(stable)  (\(label))".onOneLine + "\n")
    }
    isLineOpen = true
    let line = "\(stable)  (now \(label))  \(decimal(classification.milliseconds, digits: 1)) ms, \(decimal(age, digits: 0)) ms old"
    try printToStandardOutput("\r\(line.onOneLine)\u{1B}[K")
  }

  mutating func finish() {
    if isLineOpen { printToStandardError("\n") }
    isLineOpen = false
  }
}

extension Failure {
  init(_ error: FrameError, source: String, encoder: String) {
    switch error {
    case .image(let error): self = error.failure
    case .encoder(let error): self.init(error, photo: "a frame", encoder: encoder)
    case .crop(let width, let height):
      self.init(.usage, "--crop: is not inside the frames, which have \(width)x\(height) pixels")
    }
  }

  init(_ error: FrameStreamError) {
    switch error {
    case .missing(let path): self.init(.missingInput, "\(path): no such folder, device or file; check the path")
    case .folder(let code, let path):
      self.init(
        .missingInput,
        code == ENOENT ? "\(path): the folder is gone" : "\(path): cannot be watched: \(String(cString: strerror(code)))")
    case .noFrames(let name):
      self.init(.badData, "\(name): ended without a JPEG in it; for instance: rpicam-vid -t 0 --codec mjpeg -o -")
    case .noProgram: self.init(.missingInput, "ffmpeg: is not installed, and reads this source: apt install ffmpeg")
    case .program(let reason, let source): self.init(.badData, "\(source): ffmpeg: \(reason)")
    case .cannotRead(let code, let name): self.init(.inputOutput, "\(name): cannot be read: \(String(cString: strerror(code)))")
    }
  }
}
