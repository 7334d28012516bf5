import Glibc
import HostRuntime

/// Frames that an ffmpeg of its own process makes of an address, a device or a video file. Where it ends it is started again,
/// after 1, 2, 4 and so on up to 60 seconds, 1 again once it has run well for a while.
struct FFmpegFrames {
  private let source: String
  private let restarts: Bool
  private let observer: @Sendable (FrameStreamEvent) -> Void

  private static let longestDelay = 60
  /// Seconds of frames after which the delays begin anew.
  private static let wellAfter = 10
  /// A stream that is silent for so many seconds is taken for broken.
  private static let silence = 30

  init(_ source: String, restarts: Bool, observer: @escaping @Sendable (FrameStreamEvent) -> Void) {
    self.source = source
    self.restarts = restarts
    self.observer = observer
  }

  /// What ffmpeg is told: JPEG files on its standard output, its errors on the other.
  static func arguments(_ source: String) -> [String] {
    var arguments = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error"]
    if source.hasPrefix("rtsp://") || source.hasPrefix("rtsps://") { arguments += ["-rtsp_transport", "tcp"] }
    if source.hasPrefix("/dev/") { arguments += ["-f", "v4l2"] }
    if !source.contains("://"), isFile(source) { arguments += ["-re"] }
    // A name that begins with a dash, or has a colon in it, is a file all the same.
    let input = source.contains("://") || source.hasPrefix("/") ? source : "file:" + source
    return arguments + ["-i", input, "-map", "0:v:0", "-c:v", "mjpeg", "-q:v", "3", "-f", "mjpeg", "-"]
  }

  func read(to mailbox: FrameMailbox) -> Result<Void, FrameStreamError> {
    var delay = 1
    while !mailbox.isStopped {
      let start = monotonicNanoseconds()
      let run: Run
      do { run = try runOnce(mailbox) } catch { return .failure(error) }
      if mailbox.isStopped { break }
      guard restarts else {
        return run.frames > 0 && run.status == 0 ? .success(()) : .failure(.program(run.reason, source: shown))
      }
      if run.frames > 0, monotonicNanoseconds() - start > Self.wellAfter * 1_000_000_000 { delay = 1 }
      observer(.restarting(reason: "\(shown): \(run.reason)", seconds: delay))
      for _ in 0..<10 * delay where !mailbox.isStopped { usleep(100_000) }
      delay = min(2 * delay, Self.longestDelay)
    }
    return .success(())
  }

  private struct Run {
    var frames = 0
    var status: Int32 = 0
    var errors = ""
    var isSilent = false

    /// The last line of what ffmpeg said.
    var reason: String {
      if isSilent { return "no frame for \(FFmpegFrames.silence) seconds" }
      let line = errors.split { $0 == "\n" || $0 == "\r" }.last.map(String.init)
      return line ?? (frames > 0 ? "the stream ended" : "ffmpeg ended with status \(status)")
    }
  }

  private func runOnce(_ mailbox: FrameMailbox) throws(FrameStreamError) -> Run {
    let child: ChildProgram
    do { child = try ChildProgram(Self.arguments(source)) } catch {
      throw error.code == ENOENT ? .noProgram : .program(String(cString: strerror(error.code)), source: shown)
    }
    var run = Run(), splitter = FrameSplitter(), lastFrame = monotonicNanoseconds()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    defer { buffer.deallocate() }
    var streams = [
      pollfd(fd: child.output, events: Int16(POLLIN), revents: 0), pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
    ]
    var isOpen = true
    while isOpen, !mailbox.isStopped {
      let ready = poll(&streams, 2, 200)
      if ready < 0, errno != EINTR { break }
      if ready > 0, streams[0].revents != 0 {
        let count = Glibc.read(child.output, buffer.baseAddress!, buffer.count)
        if count > 0 {
          splitter.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
            run.frames += 1
            lastFrame = monotonicNanoseconds()
            mailbox.put($0)
          }
        } else if count == 0 || errno != EINTR {
          isOpen = false
        }
      }
      if ready > 0, streams[1].revents != 0 { run.errors = lastPart(run.errors, child, &streams) }
      if monotonicNanoseconds() - lastFrame > Self.silence * 1_000_000_000 {
        run.isSilent = true
        break
      }
    }
    while !isOpen, streams[1].fd >= 0 { run.errors = lastPart(run.errors, child, &streams) }
    run.status = child.end()
    run.errors = withoutPassword(run.errors)
    return run
  }

  /// The end of what the child said, with what it says now; at its end the stream is no longer asked.
  private func lastPart(_ errors: String, _ child: ChildProgram, _ streams: inout [pollfd]) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(child.errors, $0.baseAddress!, $0.count) }
    guard count > 0 else {
      if count == 0 || errno != EINTR { streams[1].fd = -1 }
      return errors
    }
    return String((errors + String(decoding: bytes[..<count], as: UTF8.self)).suffix(2000))
  }

  /// The source without the name and password in its address.
  private var shown: String { withoutPassword(source) }

  private func withoutPassword(_ text: String) -> String {
    guard let scheme = source.range(of: "://"),
      let at = source[scheme.upperBound...].split(separator: "/").first?.lastIndex(of: "@")
    else { return text }
    let secret = source[scheme.upperBound...at]
    return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…@")
  }
}

extension String {
  fileprivate func range(of part: String) -> Range<Index>? { ranges(of: part).first }
}
