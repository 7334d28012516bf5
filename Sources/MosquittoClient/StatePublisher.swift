import Glibc
import HostRuntime
import Synchronization

/// Why a broker cannot be used at all.
public enum BrokerError: Error, Equatable, Sendable {
  /// libmosquitto is not installed.
  case notInstalled
  /// The library's words.
  case refused(String)
}

/// What is told of the connection, on the thread that keeps it.
public enum BrokerEvent: Equatable, Sendable {
  case connected
  /// Why, and after how many seconds it is tried again.
  case lost(reason: String, seconds: Int)
}

/// Keeps retained messages at a broker up to date: of each topic the newest one only, also after the connection or the broker was
/// lost, so that nothing waits in a queue. Another topic says whether it is there: "online", and "offline" as the last will.
public final class StatePublisher: Sendable {
  private let shared = Shared()
  private let availability: String

  private static let keepAlive: CInt = 30
  private static let longestDelay = 60

  /// Starts to connect, and goes on for as long as it is not stopped.
  /// - Parameters:
  ///   - client: its name at the broker.
  ///   - announced: retained messages that do not change, by topic.
  ///   - authorities: a file of certificates that are trusted; nil for those of the system.
  /// - Throws: `BrokerError`.
  public init(
    _ address: BrokerAddress, client: String, availability: String, announced: [(topic: String, message: String)] = [],
    authorities: String? = nil, observer: @escaping @Sendable (BrokerEvent) -> Void = { _ in }
  ) throws(BrokerError) {
    guard let library = MosquittoLibrary.installed else { throw .notInstalled }
    self.availability = availability
    let connection = try Connection(library, address, client: client, availability: availability, authorities: authorities)
    let first = announced + [(availability, "online")]
    BackgroundThread.start { [shared] in
      var delay = 1
      while !shared.isStopped {
        let start = monotonicNanoseconds()
        let reason = connection.serve(first, shared, observer)
        if shared.isStopped { break }
        if monotonicNanoseconds() - start > 10_000_000_000 { delay = 1 }
        observer(.lost(reason: reason, seconds: delay))
        for _ in 0..<10 * delay where !shared.isStopped { usleep(100_000) }
        delay = min(2 * delay, Self.longestDelay)
      }
      connection.close(availability)
      shared.end()
    }
  }

  /// The topic's message from now on.
  public func publish(_ message: String, to topic: String) {
    shared.state.withLock {
      $0.current[topic] = message
      $0.changed.insert(topic)
    }
  }

  /// Says goodbye, and waits a little for the broker to hear it.
  public func stop() {
    shared.state.withLock { $0.isStopped = true }
    for _ in 0..<200 where !shared.state.withLock({ $0.isEnded }) { usleep(10_000) }
  }

  fileprivate final class Shared: Sendable {
    struct State {
      var current: [String: String] = [:]
      var changed: Set<String> = []
      var isStopped = false
      var isEnded = false
    }
    let state = Mutex(State())

    var isStopped: Bool { state.withLock { $0.isStopped } }
    func end() { state.withLock { $0.isEnded = true } }

    /// What changed since it was asked, or everything.
    func changes(all: Bool) -> [(topic: String, message: String)] {
      state.withLock { state in
        let topics = all ? Set(state.current.keys) : state.changed
        state.changed = []
        return topics.sorted().map { ($0, state.current[$0]!) }
      }
    }
  }

  /// A client of the library; used by one thread.
  fileprivate final class Connection: @unchecked Sendable {
    private let library: MosquittoLibrary
    private let client: MosquittoLibrary.Client
    private let address: BrokerAddress
    /// The broker's answer to the connection: -1 before it, 0 for yes. The library writes it on the thread that calls it.
    private let answer = UnsafeMutablePointer<CInt>.allocate(capacity: 1)

    init(
      _ library: MosquittoLibrary, _ address: BrokerAddress, client name: String, availability: String, authorities: String?
    ) throws(BrokerError) {
      self.library = library
      self.address = address
      answer.initialize(to: -1)
      guard let client = library.new(name, true, answer) else { throw .refused("no memory for a connection") }
      self.client = client
      var codes = [library.setWill(client, availability, 7, Array("offline".utf8), 1, true)]
      if let user = address.user { codes.append(library.setPassword(client, user, address.password)) }
      if address.usesTLS {
        codes.append(library.setTLS(client, authorities, authorities == nil ? "/etc/ssl/certs" : nil, nil, nil, nil))
      }
      for code in codes where code != MosquittoLibrary.success { throw .refused(text(code)) }
      library.onConnect(client) { _, answer, code in answer!.assumingMemoryBound(to: CInt.self).pointee = code }
    }

    deinit {
      library.destroy(client)
      answer.deallocate()
    }

    /// Connects and serves until the connection is lost; says why.
    func serve(
      _ announced: [(topic: String, message: String)], _ shared: Shared, _ observer: @Sendable (BrokerEvent) -> Void
    ) -> String {
      answer.pointee = -1
      var code = library.connect(client, address.host, CInt(address.port), StatePublisher.keepAlive)
      var isGreeted = false
      while code == MosquittoLibrary.success, !shared.isStopped {
        code = library.loop(client, 100, 1)
        if answer.pointee > 0 { return String(cString: library.refusalText(answer.pointee)) }
        guard code == MosquittoLibrary.success, answer.pointee == 0 else { continue }
        for (topic, message) in (isGreeted ? [] : announced) + shared.changes(all: !isGreeted) {
          code = publish(message, to: topic)
          if code != MosquittoLibrary.success { break }
        }
        if !isGreeted { observer(.connected) }
        isGreeted = true
      }
      return text(code)
    }

    func close(_ availability: String) {
      guard answer.pointee == 0 else { return }
      _ = publish("offline", to: availability)
      // The broker's receipt, then the end of the connection.
      for _ in 0..<5 where library.loop(client, 50, 1) != MosquittoLibrary.success { return }
      _ = library.disconnect(client)
      _ = library.loop(client, 50, 1)
    }

    private func publish(_ message: String, to topic: String) -> CInt {
      let bytes = Array(message.utf8)
      return library.publish(client, nil, topic, CInt(bytes.count), bytes, 1, true)
    }

    private func text(_ code: CInt) -> String {
      code == MosquittoLibrary.systemError ? String(cString: strerror(errno)) : String(cString: library.errorText(code))
    }
  }
}
