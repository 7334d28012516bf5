import HostRuntime
import Synchronization

/// Rung when something has changed: who waits is called once, or when the waiting has been long enough.
final class Bell: Sendable {
  private struct Waiting {
    let deadline: Int
    let body: @Sendable () -> Void
  }

  private let waiting = Mutex<[Waiting]>([])

  /// - Parameters:
  ///   - milliseconds: after which `body` is called all the same, by `expire`.
  ///   - isDue: looked at under the bell's lock: where it is true there is nothing to wait for.
  func wait(milliseconds: Int, unless isDue: () -> Bool, _ body: @escaping @Sendable () -> Void) {
    let isNow = waiting.withLock { waiting in
      if isDue() { return true }
      waiting.append(Waiting(deadline: monotonicNanoseconds() + milliseconds * 1_000_000, body: body))
      return false
    }
    if isNow { body() }
  }

  func ring() {
    let all = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for one in all { one.body() }
  }

  /// To be called again and again.
  func expire() {
    let now = monotonicNanoseconds()
    let late = waiting.withLock { waiting in
      let late = waiting.filter { $0.deadline <= now }
      waiting.removeAll { $0.deadline <= now }
      return late
    }
    for one in late { one.body() }
  }
}
