import Glibc
import HostRuntime
import TeachServer

// Started by `edgessl serve`, which has checked what was asked for and found the encoder.

/// One line on standard error.
func say(_ message: String) {
  let bytes = Array("edgessl: \(message)\n".utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
}

func fail(_ code: Int32, _ message: String) -> Never {
  say(message)
  exit(code)
}

let words = CommandLine.arguments.dropFirst()
var values: [String: String] = [:]
for word in words {
  let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  guard parts.count == 2 else { fail(64, "start it with: edgessl serve; see: edgessl serve --help") }
  values[String(parts[0])] = String(parts[1])
}
guard let encoder = values["encoder"], let folder = values["folder"] else {
  fail(64, "start it with: edgessl serve; see: edgessl serve --help")
}
var options = TeachOptions(encoder: encoder, folder: folder)
options.source = values["source"]
options.host = values["host"] ?? options.host
options.port = values["port"].flatMap { Int($0) } ?? options.port
options.interval = values["interval"].flatMap { Double($0) } ?? options.interval
options.threads = values["threads"].flatMap { Int($0) } ?? options.threads

let end = Ending()
TerminationSignals.observe { _ in end.signal() }
let service: TeachService
do { service = try TeachService(options) } catch {
  let code: Int32 =
    switch error.kind {
    case .badInput: 65
    case .missingInput: 66
    case .cannotCreate: 73
    case .busy: 75
    }
  fail(code, error.description)
}
for note in service.notes { say(note) }
let notifier = ServiceNotifier()
notifier?.send("READY=1")
while !end.wait(seconds: 1) { notifier?.send("WATCHDOG=1") }
notifier?.send("STOPPING=1")
service.stop()

/// Told by a signal's thread that the program shall end.
final class Ending: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  func signal() { sem_post(semaphore) }

  func wait(seconds: Int) -> Bool {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    time.tv_sec += seconds
    return sem_timedwait(semaphore, &time) == 0
  }
}
