import Glibc
import Synchronization
import TinyNN

/// Threads for sessions on a host: started once, nothing is allocated afterwards. Workers look for work for a moment after
/// each job, since operators follow each other closely, then sleep.
///
/// Parts are taken by whoever is free, also by the caller: a thread that the system has not scheduled holds nothing up.
public final class ThreadPool: Sendable {
  /// The caller and the threads that could be started: at most what was asked for.
  public let threadCount: Int
  private let threads: [pthread_t]
  private let state: ThreadPoolState

  /// `threadCount` includes the caller, so at most `threadCount - 1` threads are started.
  public init(threadCount: Int) {
    let state = ThreadPoolState()
    var threads: [pthread_t] = []
    for _ in 1..<max(1, threadCount) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(state)
      let result = pthread_create(&thread, nil, { argument in
        Unmanaged<ThreadPoolState>.fromOpaque(argument!).takeRetainedValue().serve()
        return nil
      }, start.toOpaque())
      guard result == 0 else {
        // The system has no more threads to give: fewer do the same work.
        start.release()
        break
      }
      threads.append(thread)
    }
    self.threads = threads
    self.threadCount = threads.count + 1
    self.state = state
  }

  deinit {
    state.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// The pool as sessions use it; the pool must outlive them. One session at a time may run.
  public var workers: Workers {
    guard threadCount > 1 else { return .none }
    return Workers(count: threadCount, pool: Unmanaged.passUnretained(state).toOpaque()) { pool, parts, work, job in
      Unmanaged<ThreadPoolState>.fromOpaque(pool!).takeUnretainedValue().run(parts: parts, work, job)
    }
  }

  /// Runs `work(job, part)` for every part in 0 ..< parts, on the caller and the threads; parts is at most 65535.
  func run(parts: Int32, _ work: Workers.Work, _ job: UnsafeMutableRawPointer) { state.run(parts: parts, work, job) }

  /// Calls `body` with every index in 0 ..< `count`, at most 65535, on the caller and the threads; returns when all are done.
  public func perform(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var job = body
      withUnsafeMutablePointer(to: &job) { pointer in
        // The closure lives until `run` returns, and that is when all of its calls have.
        run(parts: Int32(count), { job, part in job.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(part)) }, pointer)
      }
    }
  }
}

/// What the pool shares with its threads.
private final class ThreadPoolState: @unchecked Sendable {
  private var mutex = pthread_mutex_t()
  private var wake = pthread_cond_t()

  // One job at a time. `ticket` publishes it: the number of the job in the upper 32 bits, its parts in the next 16, the next part
  // to be taken in the last 16. `work` and `job` are read only by who has taken a part, so until the last part is done they hold.
  private let ticket = Atomic<UInt64>(0)
  private let finished = Atomic<Int32>(0)
  private let stopping = Atomic<Bool>(false)
  private var sleeping = 0
  private var work: Workers.Work?
  private var job: UnsafeMutableRawPointer?

  /// Some tens of microseconds on current machines: longer than the operators between two that are divided, so that no
  /// thread has to be woken in the middle of a network; short for a battery.
  private static let spinCount = 40_000

  init() {
    pthread_mutex_init(&mutex, nil)
    pthread_cond_init(&wake, nil)
  }

  deinit {
    pthread_cond_destroy(&wake)
    pthread_mutex_destroy(&mutex)
  }

  func stop() {
    pthread_mutex_lock(&mutex)
    stopping.store(true, ordering: .releasing)
    pthread_cond_broadcast(&wake)
    pthread_mutex_unlock(&mutex)
  }

  func run(parts: Int32, _ work: @escaping Workers.Work, _ job: UnsafeMutableRawPointer) {
    self.work = work
    self.job = job
    finished.store(0, ordering: .relaxed)
    let number = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(number << 32 | UInt64(parts) << 16, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(&mutex)
    if sleeping > 0 { pthread_cond_broadcast(&wake) }
    pthread_mutex_unlock(&mutex)
    takeParts()
    var spins = 0
    while finished.load(ordering: .acquiring) < parts {
      spins += 1
      if spins > ThreadPoolState.spinCount { sched_yield() }
    }
  }

  private static func hasParts(_ ticket: UInt64) -> Bool { ticket & 0xFFFF < (ticket >> 16) & 0xFFFF }

  /// Takes and runs parts as long as there are any.
  private func takeParts() {
    var current = ticket.load(ordering: .acquiring)
    while ThreadPoolState.hasParts(current) {
      let (exchanged, original) = ticket.weakCompareExchange(expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
      guard exchanged else {
        current = original
        continue
      }
      work!(job!, Int32(current & 0xFFFF))
      finished.wrappingAdd(1, ordering: .releasing)
      current = ticket.load(ordering: .acquiring)
    }
  }

  func serve() {
    while true {
      var spins = 0
      while !ThreadPoolState.hasParts(ticket.load(ordering: .acquiring)) {
        if stopping.load(ordering: .acquiring) { return }
        spins += 1
        if spins > ThreadPoolState.spinCount {
          pthread_mutex_lock(&mutex)
          sleeping += 1
          while !ThreadPoolState.hasParts(ticket.load(ordering: .acquiring)), !stopping.load(ordering: .acquiring) {
            pthread_cond_wait(&wake, &mutex)
          }
          sleeping -= 1
          pthread_mutex_unlock(&mutex)
        }
      }
      takeParts()
    }
  }
}
