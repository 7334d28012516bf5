import Glibc
import Testing

@testable import HostRuntime

@Suite struct ThreadPoolTests {
  /// Parts write to places of their own, so that the counts need no lock.
  private static func runs(threads: Int, parts: Int, jobs: Int, pauseEvery: Int = .max) -> [Int] {
    let pool = ThreadPool(threadCount: threads)
    var counts = [Int](repeating: 0, count: parts)
    counts.withUnsafeMutableBytes { counts in
      for job in 1...jobs {
        pool.run(
          parts: Int32(parts),
          { counts, _, part, _ in
            counts.assumingMemoryBound(to: Int.self)[Int(part)] += 1
          }, counts.baseAddress!)
        // Long enough for the workers to fall asleep.
        if job % pauseEvery == 0 { usleep(2_000) }
      }
    }
    return counts
  }

  @Test(arguments: 1...4) func everyPartRunsOnceInEveryJob(threads: Int) {
    for parts in 1...threads {
      let counts = ThreadPoolTests.runs(threads: threads, parts: parts, jobs: 3_000)
      #expect(counts == [Int](repeating: 3_000, count: parts), "\(threads) threads, \(parts) parts")
    }
  }

  @Test(arguments: 2...4) func sleepingWorkersWakeForTheNextJob(threads: Int) {
    let counts = ThreadPoolTests.runs(threads: threads, parts: threads, jobs: 50, pauseEvery: 1)
    #expect(counts == [Int](repeating: 50, count: threads))
  }

  @Test func aJobIsDoneWhenRunReturns() {
    let pool = ThreadPool(threadCount: 3)
    for round in 0..<500 {
      var finished: [Int32] = [0, 0, 0]
      finished.withUnsafeMutableBytes { finished in
        pool.run(
          parts: 3,
          { finished, _, part, _ in
            for _ in 0..<Int(part) * 200 { sched_yield() }
            finished.assumingMemoryBound(to: Int32.self)[Int(part)] = 1
          }, finished.baseAddress!)
      }
      #expect(finished == [1, 1, 1], "round \(round)")
    }
  }

  @Test func thePoolEndsItsThreads() throws {
    weak var released: ThreadPool?
    do {
      let pool = ThreadPool(threadCount: 4)
      #expect(pool.threadCount == 4)
      released = pool
    }
    // Its deinitialiser joins the threads: it hangs if they do not stop.
    #expect(released == nil)
  }

  @Test func onlyTheCallerForOneThreadOrFewer() {
    for count in [-3, 0, 1] {
      let pool = ThreadPool(threadCount: count)
      #expect(pool.threadCount == 1)
      #expect(pool.workers.count == 1)
    }
  }
}
