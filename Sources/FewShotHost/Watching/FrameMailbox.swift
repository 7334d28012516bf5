import Glibc
import HostRuntime

/// Holds the newest frame until it is taken: a later one replaces it, so that nothing waits in a queue. One thread puts, another
/// takes; the memory of frames goes to and fro between them.
final class FrameMailbox: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var frame: [UInt8] = []
  private var arrival = 0
  private var isFull = false
  private var replaced = 0
  private var end: Result<Void, FrameStreamError>?
  private var stopped = false

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func put(_ bytes: borrowing [UInt8]) {
    let now = monotonicNanoseconds()
    locked {
      if isFull { replaced += 1 }
      frame.removeAll(keepingCapacity: true)
      bytes.withUnsafeBytes { frame.append(contentsOf: $0) }
      arrival = now
      isFull = true
    }
  }

  /// Nothing comes any more; what is there is still taken.
  func finish(_ result: Result<Void, FrameStreamError>) { locked { if end == nil { end = result } } }

  /// Nothing is taken any more.
  func stop() { locked { stopped = true } }

  var isStopped: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return stopped
  }

  var isFinished: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return end != nil
  }

  enum Taken {
    case frame(arrival: Int, replaced: Int)
    case nothing
    case end(Result<Void, FrameStreamError>)
  }

  /// Swaps the newest frame into `bytes`, or waits for one as long as said.
  func take(into bytes: inout [UInt8], milliseconds: Int) -> Taken {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let limit = monotonicNanoseconds() + milliseconds * 1_000_000
    while true {
      if stopped { return .end(.success(())) }
      if isFull {
        swap(&bytes, &frame)
        isFull = false
        defer { replaced = 0 }
        return .frame(arrival: arrival, replaced: replaced)
      }
      if let end { return .end(end) }
      guard monotonicNanoseconds() < limit else { return .nothing }
      var time = timespec(tv_sec: limit / 1_000_000_000, tv_nsec: limit % 1_000_000_000)
      pthread_cond_timedwait(changed, mutex, &time)
    }
  }

  private func locked(_ body: () -> Void) {
    pthread_mutex_lock(mutex)
    body()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
