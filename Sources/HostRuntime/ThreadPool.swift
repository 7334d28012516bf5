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

  /// Runs `work(job, part)` for every part in 0 ..< parts, on the caller and the threads; parts is 1 to 65535.
  func run(parts: Int32, _ work: Workers.Work, _ job: UnsafeMutableRawPointer) { state.run(parts: parts, work, job) }

  /// Calls `body` with every index in 0 ..< `count`, at most 65535, on the caller and the threads; returns when all are done.
  public func perform(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard count > 0 else { return }
    withoutActuallyEscaping(body) { body in
      var job = body
      withUnsafeMutablePointer(to: &job) { pointer in
        // The closure lives until `run` returns, and that is when all of its calls have.
        run(parts: Int32(count), { job, part in job.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(part)) }, pointer)
      }
    }
  }
}

/// What the pool shares with its threads. What is written at different times lies in different cache lines: a line that changes costs
/// every thread that looks at it the way to another core, which is as long as a small operator's part.
private final class ThreadPoolState: @unchecked Sendable {
  private typealias CacheLine = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

  // One job at a time. `ticket` publishes it: the number of the job in the upper 32 bits, its parts in the next 16, the next part
  // to be taken in the last 16. `work` and `job` are read only by who has taken a part, so until the last part is done they hold.
  private var work: Workers.Work?
  private var job: UnsafeMutableRawPointer?
  private let ticket = Atomic<UInt64>(0)
  private let afterTicket: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
  /// Parts of the job that the threads, not the caller, have done.
  private let finished = Atomic<Int32>(0)
  private let afterFinished: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
  private let stopping = Atomic<Bool>(false)
  private let sleeping = Atomic<Int32>(0)
  private let afterSleeping: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
  private var mutex = pthread_mutex_t()
  private var wake = pthread_cond_t()

  /// Some tenths of a millisecond on current machines: to wake a thread takes longer than most operators, and the next inference may
  /// follow as soon as its input is there; a camera of ten pictures a second still rests in between.
  private static let spinCount = 400_000

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

  /// Precondition: parts is at least 1.
  func run(parts: Int32, _ work: @escaping Workers.Work, _ job: UnsafeMutableRawPointer) {
    self.work = work
    self.job = job
    finished.store(0, ordering: .relaxed)
    let number = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    // Part 0 is the caller's.
    ticket.store(number << 32 | UInt64(parts) << 16 | 1, ordering: .sequentiallyConsistent)
    // A worker counts itself as sleeping before it looks at the ticket for the last time: either it sees this job, or it is seen here.
    if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(&mutex)
      pthread_cond_broadcast(&wake)
      pthread_mutex_unlock(&mutex)
    }
    work(job, 0)
    let others = parts - 1 - takeParts(reporting: false)
    var spins = 0
    while finished.load(ordering: .acquiring) < others {
      spins += 1
      if spins > ThreadPoolState.spinCount { sched_yield() }
    }
  }

  private static func hasParts(_ ticket: UInt64) -> Bool { ticket & 0xFFFF < (ticket >> 16) & 0xFFFF }

  /// Takes and runs parts as long as there are any, and returns how many.
  @discardableResult
  private func takeParts(reporting: Bool) -> Int32 {
    var count: Int32 = 0
    var current = ticket.load(ordering: .acquiring)
    while ThreadPoolState.hasParts(current) {
      let (exchanged, original) = ticket.weakCompareExchange(expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
      guard exchanged else {
        current = original
        continue
      }
      work!(job!, Int32(current & 0xFFFF))
      count += 1
      if reporting { finished.wrappingAdd(1, ordering: .releasing) }
      current = ticket.load(ordering: .acquiring)
    }
    return count
  }

  func serve() {
    while true {
      var spins = 0
      while !ThreadPoolState.hasParts(ticket.load(ordering: .acquiring)) {
        if stopping.load(ordering: .acquiring) { return }
        spins += 1
        if spins > ThreadPoolState.spinCount {
          pthread_mutex_lock(&mutex)
          sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
          while !ThreadPoolState.hasParts(ticket.load(ordering: .sequentiallyConsistent)), !stopping.load(ordering: .acquiring) {
            pthread_cond_wait(&wake, &mutex)
          }
          sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
          pthread_mutex_unlock(&mutex)
        }
      }
      takeParts(reporting: true)
    }
  }
}
