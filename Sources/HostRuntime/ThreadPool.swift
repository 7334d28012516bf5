import Glibc
import Synchronization
import TinyNN

/// Threads for sessions on a host: started once, nothing is allocated afterwards. Workers look for work for a moment after
/// each job, since operators follow each other closely, then sleep.
///
/// Each thread has a part of its own in every job, the caller the first; a part whose thread the system has not scheduled the
/// caller takes, so that it holds nothing up.
public final class ThreadPool: Sendable {
  /// The caller and the threads that could be started: at most what was asked for.
  public let threadCount: Int
  private let threads: [pthread_t]
  private let state: ThreadPoolState

  /// `threadCount` includes the caller, so at most `threadCount - 1` threads are started.
  public init(threadCount: Int) {
    let state = ThreadPoolState(partCount: max(1, threadCount))
    var threads: [pthread_t] = []
    for part in 1..<max(1, threadCount) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(ThreadStart(state: state, part: part))
      let result = pthread_create(
        &thread, nil,
        { argument in
          let start = Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue()
          start.state.serve(start.part)
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
    return Workers(count: threadCount, pool: Unmanaged.passUnretained(state).toOpaque()) { pool, parts, work, job, index in
      Unmanaged<ThreadPoolState>.fromOpaque(pool!)._withUnsafeGuaranteedRef { $0.run(parts: parts, work, job, index) }
    }
  }

  /// Runs `work(job, index, part, parts)` for every part in 0 ..< parts, on the caller and the threads; parts is 1 to
  /// `threadCount`.
  func run(parts: Int32, _ work: Workers.Work, _ job: UnsafeMutableRawPointer, _ index: Int32 = 0) {
    precondition(parts >= 1 && parts <= threadCount)
    state.run(parts: parts, work, job, index)
  }

  /// Calls `body` with every index in 0 ..< `count`, on the caller and the threads, each taking the next one when it is free;
  /// returns when all are done.
  public func perform(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard count > 0 else { return }
    withoutActuallyEscaping(body) { body in
      var items = Items(count: count, body: body)
      withUnsafeMutablePointer(to: &items) { pointer in
        // The closure lives until `run` returns, and that is when all of its calls have.
        run(
          parts: Int32(min(count, threadCount)), { job, _, _, _ in job.assumingMemoryBound(to: Items.self).pointee.take() }, pointer
        )
      }
    }
  }

  /// Items of work that threads take one by one.
  private struct Items: ~Copyable {
    let next = Atomic<Int>(0)
    let count: Int
    let body: @Sendable (Int) -> Void

    init(count: Int, body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
    }

    borrowing func take() {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }
}

/// What a thread is given when it is started.
private final class ThreadStart: Sendable {
  let state: ThreadPoolState
  let part: Int

  init(state: ThreadPoolState, part: Int) {
    self.state = state
    self.part = part
  }
}

private typealias CacheLine = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
private let emptyLine: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)

/// Which jobs' part of one thread was taken, and which was done by it.
private struct Part: ~Copyable {
  /// The last job whose part was taken, by the thread or by the caller.
  private let taken = Atomic<UInt64>(0)
  private let afterTaken = emptyLine
  /// The last job whose part the thread has done.
  let done = Atomic<UInt64>(0)
  private let afterDone = emptyLine

  /// True if nobody else takes the part of this job.
  borrowing func take(_ job: UInt64) -> Bool {
    let last = taken.load(ordering: .relaxed)
    // A thread that comes late finds a later job.
    return last < job && taken.compareExchange(expected: last, desired: job, ordering: .acquiringAndReleasing).exchanged
  }
}

/// What the pool shares with its threads. What is written at different times lies in different cache lines: a line that changes
/// costs every thread that looks at it the way to another core, which is as long as a small operator's part
/// (Benchmarks/threads/handoff.c). To hand over a part and to hear that it is done are one line each.
private final class ThreadPoolState: @unchecked Sendable {
  private let afterHeader = emptyLine
  // One job at a time. `ticket` publishes it: its number, and in the lower 16 bits its parts. The rest is read only by who has
  // taken a part of it, so it holds until all parts are done.
  private let ticket = Atomic<UInt64>(0)
  private var work: Workers.Work?
  private var job: UnsafeMutableRawPointer?
  private var index: Int32 = 0
  private let afterTicket = emptyLine
  private let stopping = Atomic<Bool>(false)
  private let sleeping = Atomic<Int32>(0)
  private let parts: UnsafeMutablePointer<Part>
  private let partCount: Int
  /// How often the caller looks for a part that is done before it takes one that nobody has begun. After it has taken one it does
  /// not wait at all, until threads are there again: the system may have given their processors to others.
  private var patience = ThreadPoolState.latest
  private var mutex = pthread_mutex_t()
  private var wake = pthread_cond_t()

  /// Some tenths of a millisecond on current machines: to wake a thread takes longer than most operators, and the next inference
  /// may follow as soon as its input is there; a camera of ten pictures a second still rests in between.
  private static let spinCount = 400_000
  /// About a microsecond: a thread that was looking for work has found it by then.
  private static let latest = 1_000

  init(partCount: Int) {
    self.partCount = partCount
    parts = .allocate(capacity: partCount)
    for part in 0..<partCount { (parts + part).initialize(to: Part()) }
    pthread_mutex_init(&mutex, nil)
    pthread_cond_init(&wake, nil)
  }

  deinit {
    parts.deinitialize(count: partCount)
    parts.deallocate()
    pthread_cond_destroy(&wake)
    pthread_mutex_destroy(&mutex)
  }

  func stop() {
    pthread_mutex_lock(&mutex)
    stopping.store(true, ordering: .releasing)
    pthread_cond_broadcast(&wake)
    pthread_mutex_unlock(&mutex)
  }

  /// Precondition: parts is 1 to `partCount`.
  func run(parts count: Int32, _ work: @escaping Workers.Work, _ job: UnsafeMutableRawPointer, _ index: Int32) {
    self.work = work
    self.job = job
    self.index = index
    let number = (ticket.load(ordering: .relaxed) >> 16) &+ 1
    ticket.store(number << 16 | UInt64(count), ordering: .sequentiallyConsistent)
    // A worker counts itself as sleeping before it looks at the ticket for the last time: either it sees this job, or it is seen
    // here.
    if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(&mutex)
      pthread_cond_broadcast(&wake)
      pthread_mutex_unlock(&mutex)
    }
    work(job, index, 0, count)
    var areThreads = true
    for part in 1..<max(1, count) where !isDone(Int(part), number) {
      work(job, index, part, count)
      areThreads = false
    }
    patience = areThreads ? ThreadPoolState.latest : 1
  }

  /// Waits until a thread has done its part; false if it has not begun, and the caller has taken the part.
  private func isDone(_ part: Int, _ number: UInt64) -> Bool {
    var spins = 0
    while parts[part].done.load(ordering: .acquiring) != number {
      spins += 1
      if spins == patience, parts[part].take(number) { return false }
      if spins > ThreadPoolState.spinCount { sched_yield() }
    }
    return true
  }

  /// Does part `part` of every job that has it.
  func serve(_ part: Int) {
    var seen: UInt64 = 0
    while true {
      var spins = 0
      while ticket.load(ordering: .acquiring) == seen {
        if stopping.load(ordering: .acquiring) { return }
        spins += 1
        if spins > ThreadPoolState.spinCount { sleep(seen) }
      }
      seen = ticket.load(ordering: .acquiring)
      let (number, count) = (seen >> 16, Int32(seen & 0xFFFF))
      guard part < count, parts[part].take(number) else { continue }
      work!(job!, index, Int32(part), count)
      parts[part].done.store(number, ordering: .releasing)
    }
  }

  /// Until there is another job.
  private func sleep(_ seen: UInt64) {
    pthread_mutex_lock(&mutex)
    sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while ticket.load(ordering: .sequentiallyConsistent) == seen, !stopping.load(ordering: .acquiring) {
      pthread_cond_wait(&wake, &mutex)
    }
    sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(&mutex)
  }
}
