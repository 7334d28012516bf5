import Glibc
import HostRuntime

/// Nanoseconds that all threads of this process have computed.
func processorNanoseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// One line on standard error that shows how far long work is; nothing where standard error is not a terminal.
struct Progress {
  private static let interval = 100_000_000
  private let label: String
  private let total: Int
  private let isShown: Bool
  private let start = monotonicNanoseconds()
  private var nextUpdate: Int
  private var isLineOpen = false

  /// `total` steps; the line appears once the work has taken a fifth of a second.
  init(_ label: String, total: Int, isShown: Bool = isatty(STDERR_FILENO) == 1) {
    self.label = label
    self.total = total
    self.isShown = isShown && total > 0
    nextUpdate = start + 2 * Progress.interval
  }

  /// `done` of the steps are finished.
  mutating func update(done: Int) {
    guard isShown else { return }
    let now = monotonicNanoseconds()
    guard now >= nextUpdate else { return }
    nextUpdate = now + Progress.interval
    isLineOpen = true
    printToStandardError("\r\(Progress.line(label, done: done, total: total, elapsed: now - start))\u{1B}[K")
  }

  /// Removes the line, so that what is printed next starts at its beginning.
  mutating func finish() {
    guard isLineOpen else { return }
    isLineOpen = false
    printToStandardError("\r\u{1B}[K")
  }

  /// "Embedding 120/400 (30 %), 12 s left"; `elapsed` in nanoseconds.
  static func line(_ label: String, done: Int, total: Int, elapsed: Int) -> String {
    var line = "\(label) \(done)/\(total) (\(100 * done / total) %)"
    if done > 0, done < total {
      line += ", \(duration(Double(elapsed) * Double(total - done) / Double(done) / 1e9)) left"
    }
    return line
  }

  /// "8 s", "3 min 20 s", "2 h 5 min".
  static func duration(_ seconds: Double) -> String {
    let seconds = Int(min(max(seconds, 0), 1e9).rounded(.up))
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds / 60 % 60) min"
  }
}
