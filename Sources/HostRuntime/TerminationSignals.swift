import Glibc

/// SIGTERM, SIGINT and SIGHUP as a call, so that work ends cleanly.
public enum TerminationSignals {
  /// Calls `body` once, on a thread of its own, with the first of them; a second one ends the process at once. Must be called
  /// before other threads start, which inherit that they do not get these signals.
  public static func observe(_ body: @escaping @Sendable (Int32) -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waited = signals
    BackgroundThread.start {
      var signals = waited, found: Int32 = 0
      guard sigwait(&signals, &found) == 0 else { return }
      body(found)
      guard sigwait(&signals, &found) == 0 else { return }
      _exit(128 + found)
    }
  }
}
