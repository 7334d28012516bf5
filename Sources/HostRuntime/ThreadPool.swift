import Glibc
import Synchronization
import TinyNN

/// Threads for sessions on a host: started once, nothing is allocated afterwards. Workers look for work for a moment after
/// each job, since operators follow each other closely, then sleep.
public final class ThreadPool: Sendable {
  /// The caller and the threads that could be started: at most what was asked for.
  public let threadCount: Int
  private let threads: [pthread_t]
  private let state: ThreadPoolState

  /// `threadCount` includes the caller, so at most `threadCount - 1` threads are started.
  public init(threadCount: Int) {
    let state = ThreadPoolState()
    var threads: [pthread_t] = []
    for part in 1..<max(1, threadCount) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(WorkerStart(state: state, part: Int32(part)))
      let result = pthread_create(&thread, nil, { argument in
        let start = Unmanaged<WorkerStart>.fromOpaque(argument!).takeRetainedValue()
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
    state.workerCount = Int32(threads.count)
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

  /// Runs `work(job, part)` for every part in 0 ..< parts, on the caller and the threads; parts is at most `threadCount`.
  func run(parts: Int32, _ work: Workers.Work, _ job: UnsafeMutableRawPointer) { state.run(parts: parts, work, job) }
}

private final class WorkerStart {
  let state: ThreadPoolState
  let part: Int32

  init(state: ThreadPoolState, part: Int32) {
    self.state = state
    self.part = part
  }
}

/// What the pool shares with its threads.
private final class ThreadPoolState: @unchecked Sendable {
  private var mutex = pthread_mutex_t()
  private var wake = pthread_cond_t()

  // One job at a time. `generation` publishes it; `remaining` counts the workers that have not finished it.
  private let generation = Atomic<UInt32>(0)
  private let remaining = Atomic<Int32>(0)
  private let stopping = Atomic<Bool>(false)
  private var sleeping = 0
  private var work: Workers.Work?
  private var job: UnsafeMutableRawPointer?
  private var parts: Int32 = 0
  var workerCount: Int32 = 0

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
    self.parts = parts
    remaining.store(workerCount, ordering: .relaxed)
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(&mutex)
    if sleeping > 0 { pthread_cond_broadcast(&wake) }
    pthread_mutex_unlock(&mutex)
    work(job, 0)
    var spins = 0
    while remaining.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins > ThreadPoolState.spinCount { sched_yield() }
    }
  }

  func serve(_ part: Int32) {
    var seen: UInt32 = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        if stopping.load(ordering: .acquiring) { return }
        spins += 1
        if spins > ThreadPoolState.spinCount {
          pthread_mutex_lock(&mutex)
          sleeping += 1
          while generation.load(ordering: .acquiring) == seen, !stopping.load(ordering: .acquiring) { pthread_cond_wait(&wake, &mutex) }
          sleeping -= 1
          pthread_mutex_unlock(&mutex)
        }
      }
      seen &+= 1
      if part < parts { work!(job!, part) }
      remaining.wrappingSubtract(1, ordering: .releasing)
    }
  }
}
