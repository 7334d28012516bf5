import Glibc
import Synchronization
import TinyNN

/// Threads for sessions on a host: started once, nothing is allocated afterwards. Workers look for work for a moment after
/// each job, since operators follow each other closely, then sleep.
public final class ThreadPool: @unchecked Sendable {
  public let threadCount: Int
  private var threads: [pthread_t] = []
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

  /// About 20 microseconds on current machines: longer than the gap between two operators, short for a battery.
  private static let spinCount = 4_000

  /// `threadCount` includes the caller, so `threadCount - 1` threads are started.
  public init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    pthread_mutex_init(&mutex, nil)
    pthread_cond_init(&wake, nil)
    for index in 1..<max(1, self.threadCount) {
      var thread = pthread_t()
      let start = WorkerStart(pool: self, part: Int32(index))
      let argument = Unmanaged.passRetained(start).toOpaque()
      let result = pthread_create(&thread, nil, { argument in
        let start = Unmanaged<WorkerStart>.fromOpaque(argument!).takeRetainedValue()
        // The pool joins its threads before it goes.
        start.pool.serve(start.part)
        return nil
      }, argument)
      precondition(result == 0, "pthread_create failed: \(result)")
      threads.append(thread)
    }
  }

  deinit {
    pthread_mutex_lock(&mutex)
    stopping.store(true, ordering: .releasing)
    pthread_cond_broadcast(&wake)
    pthread_mutex_unlock(&mutex)
    for thread in threads { pthread_join(thread, nil) }
    pthread_cond_destroy(&wake)
    pthread_mutex_destroy(&mutex)
  }

  /// The pool as sessions use it; the pool must outlive them.
  public var workers: Workers {
    guard threadCount > 1 else { return .none }
    return Workers(count: threadCount, pool: Unmanaged.passUnretained(self).toOpaque()) { pool, parts, work, job in
      Unmanaged<ThreadPool>.fromOpaque(pool!).takeUnretainedValue().run(parts: parts, work, job)
    }
  }

  private func run(parts: Int32, _ work: @escaping Workers.Work, _ job: UnsafeMutableRawPointer) {
    self.work = work
    self.job = job
    self.parts = parts
    remaining.store(Int32(threadCount - 1), ordering: .relaxed)
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(&mutex)
    if sleeping > 0 { pthread_cond_broadcast(&wake) }
    pthread_mutex_unlock(&mutex)
    work(job, 0)
    var spins = 0
    while remaining.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins > ThreadPool.spinCount { sched_yield() }
    }
  }

  private func serve(_ part: Int32) {
    var seen: UInt32 = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        if stopping.load(ordering: .acquiring) { return }
        spins += 1
        if spins > ThreadPool.spinCount {
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

private final class WorkerStart {
  unowned let pool: ThreadPool
  let part: Int32

  init(pool: ThreadPool, part: Int32) {
    self.pool = pool
    self.part = part
  }
}
