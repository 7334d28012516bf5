import Glibc
public import HostRuntime

/// Where frames come from.
public enum FrameSource: Equatable, Sendable {
  /// JPEG files one after the other, or multipart/x-mixed-replace, on standard input.
  case standardInput
  /// Photos that are put into a folder.
  case folder(String)
  /// What ffmpeg reads: an address, a device or a video file, which plays in its own time.
  case ffmpeg(String)

  /// - Throws: `FrameStreamError.missing`.
  public init(_ text: String) throws(FrameStreamError) {
    var status = stat()
    if text == "-" {
      self = .standardInput
    } else if text.contains("://") {
      self = .ffmpeg(text)
    } else if stat(text, &status) == 0 {
      self = status.st_mode & S_IFMT == S_IFDIR ? .folder(text) : .ffmpeg(text)
    } else {
      throw .missing(text)
    }
  }

  /// True for what ends and is not begun anew.
  var isFinite: Bool {
    switch self {
    case .ffmpeg(let text): !text.contains("://") && isFile(text)
    case .standardInput, .folder: true
    }
  }
}

/// Why frames cannot be had.
public enum FrameStreamError: Error, Equatable, Sendable {
  case missing(String)
  case folder(FileError.Code, String)
  /// The stream ended without a JPEG file in it.
  case noFrames(String)
  /// ffmpeg is not installed.
  case noProgram
  /// ffmpeg's own words.
  case program(String, source: String)
  case cannotRead(FileError.Code, String)
}

extension FileError { public typealias Code = Int32 }

/// What is told while frames are read, on the thread that reads them.
public enum FrameStreamEvent: Equatable, Sendable {
  /// ffmpeg ended, why, and after how many seconds it is started again.
  case restarting(reason: String, seconds: Int)
}

/// Frames from a source, the newest only.
public final class FrameStream: Sendable {
  public let source: FrameSource
  private let mailbox = FrameMailbox()

  /// Starts to read.
  /// - Throws: `FrameStreamError` where the folder cannot be watched.
  public init(_ source: FrameSource, observer: @escaping @Sendable (FrameStreamEvent) -> Void = { _ in }) throws(FrameStreamError) {
    self.source = source
    let mailbox = mailbox
    switch source {
    case .standardInput:
      BackgroundThread.start { mailbox.finish(StreamFrames.read(STDIN_FILENO, named: "standard input", to: mailbox)) }
    case .folder(let path):
      let frames = try FolderFrames(path)
      BackgroundThread.start { mailbox.finish(frames.read(to: mailbox)) }
    case .ffmpeg(let text):
      let restarts = !source.isFinite
      BackgroundThread.start { mailbox.finish(FFmpegFrames(text, restarts: restarts, observer: observer).read(to: mailbox)) }
    }
  }

  /// Ends: `next` gives no more frames. May be called from any thread.
  public func stop() { mailbox.stop() }

  public var isStopped: Bool { mailbox.isStopped }

  /// After `stop`: waits until a child process has ended, a few seconds at most.
  public func waitForChild() {
    guard case .ffmpeg = source else { return }
    for _ in 0..<500 where !mailbox.isFinished { usleep(10_000) }
  }

  public enum Next: Sendable {
    /// The newest frame is in the bytes: when it came, on the clock of `monotonicNanoseconds`, and how many were passed over.
    case frame(arrival: Int, dropped: Int)
    /// None came in time.
    case nothing
    case end
  }

  /// Swaps the newest frame, a JPEG file, or any photo of a folder, into `bytes`; waits for one as long as said.
  /// - Throws: `FrameStreamError` where the source failed.
  public func next(into bytes: inout [UInt8], waiting milliseconds: Int) throws(FrameStreamError) -> Next {
    switch mailbox.take(into: &bytes, milliseconds: milliseconds) {
    case .frame(let arrival, let replaced): return .frame(arrival: arrival, dropped: replaced)
    case .nothing: return .nothing
    case .end(.success): return .end
    case .end(.failure(let error)): throw error
    }
  }
}

/// Frames of a descriptor.
enum StreamFrames {
  /// Reads until the end.
  static func read(_ descriptor: Int32, named name: String, to mailbox: FrameMailbox) -> Result<Void, FrameStreamError> {
    var splitter = FrameSplitter(), count = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    defer { buffer.deallocate() }
    while !mailbox.isStopped {
      let result = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
      if result < 0, errno == EINTR { continue }
      if result < 0 { return .failure(.cannotRead(errno, name)) }
      if result == 0 { return count > 0 ? .success(()) : .failure(.noFrames(name)) }
      splitter.feed(UnsafeRawBufferPointer(rebasing: buffer[..<result])) {
        count += 1
        mailbox.put($0)
      }
    }
    return .success(())
  }
}
