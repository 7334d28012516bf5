/// Threads that a session may use, given by the host: one C function that runs `work(job, index, part, parts)` for every part in
/// 0 ..< parts, on any threads in any order, and returns when all are done. `parts` is at most `count`. Devices without threads use
/// `.none`.
///
/// `job` is the same for all operators of a run, and nothing in it changes, so that threads have it in their caches; `index` says
/// which one.
@safe public struct Workers: @unchecked Sendable {
  public typealias Work = @convention(c) (_ job: UnsafeMutableRawPointer, _ index: Int32, _ part: Int32, _ parts: Int32) -> Void
  public typealias Run =
    @convention(c) (
      _ pool: UnsafeMutableRawPointer?, _ parts: Int32, _ work: Work, _ job: UnsafeMutableRawPointer, _ index: Int32
    ) -> Void

  public let count: Int
  let run: Run?
  let pool: UnsafeMutableRawPointer?

  /// No threads but the caller's.
  public static let none = Workers()

  private init() {
    count = 1
    unsafe run = nil
    unsafe pool = nil
  }

  /// `pool` is passed to `run` and must stay valid as long as sessions use these workers.
  @unsafe public init(count: Int, pool: UnsafeMutableRawPointer?, run: @escaping Run) {
    self.count = max(1, count)
    unsafe self.run = run
    unsafe self.pool = pool
  }
}
