import Glibc
import HostRuntime
import Synchronization

/// Who may ask what: hosts, origins, the token, rates.
///
/// A page of another site can make a browser send requests here, also to loopback, and can point a name of its own at this machine
/// (DNS rebinding). So the name in Host must be this machine's; what changes something must come from this page, as Origin and
/// Sec-Fetch-Site say, which scripts cannot forge and programs other than browsers leave out.
final class Access: Sendable {
  /// Nil on loopback, where who is on the machine may teach.
  let token: String?
  /// Names that lead here beside addresses.
  private let names: Set<String>
  private let changes: RateLimit
  private let guesses: RateLimit

  static let cookie = "edgessl"

  init(token: String?, hostName: String?) {
    self.token = token
    let own = hostName.map { [$0.lowercased(), $0.lowercased() + ".local"] } ?? []
    names = Set(["localhost"] + own)
    changes = RateLimit(perSecond: 30, burst: 120)
    guesses = RateLimit(perSecond: 0.2, burst: 10)
  }

  /// What is answered instead; nil where the request may go on.
  func refusal(_ request: Request) -> Response? {
    guard let host = request.headers["host"], isOwn(host) else {
      return .refusal(421, "the name in the address is not this machine's; use its address in numbers, or localhost")
    }
    let isChange = request.method != "GET"
    if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none" {
      // Following a link to the page itself is harmless.
      let isVisit = request.headers["sec-fetch-mode"] == "navigate" && request.path == "/"
      guard isVisit, !isChange else { return .refusal(403, "this comes from another site's page, which may not use the board") }
    }
    if isChange, let origin = request.headers["origin"], origin != "http://\(host)", origin != "https://\(host)" {
      return .refusal(403, "this comes from another site's page, which may not change the board")
    }
    if let refusal = tokenRefusal(request) { return refusal }
    if isChange, !changes.allows() { return .refusal(429, "too many changes at once; wait a moment") }
    return nil
  }

  /// The response to a first visit with the token in the address: a cookie, and the address without it.
  func welcome(_ request: Request) -> Response? {
    guard let token, request.method == "GET", request.path == "/", let given = request.value("token"), Self.isSame(given, token)
    else { return nil }
    return Response(
      status: 303, type: "text/plain",
      headers: [("Location", "/"), ("Set-Cookie", "\(Self.cookie)=\(token); HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000")])
  }

  private func tokenRefusal(_ request: Request) -> Response? {
    guard let token else { return nil }
    let given = bearer(request) ?? cookie(request) ?? request.value("token")
    if let given, Self.isSame(given, token) { return nil }
    // Without one nobody guesses.
    if given != nil, !guesses.allows() { return .refusal(429, "too many wrong tokens; wait a minute") }
    return .refusal(401, "this board asks for its token, which it printed when it started first")
  }

  private func bearer(_ request: Request) -> String? {
    guard let text = request.headers["authorization"], text.lowercased().hasPrefix("bearer ") else { return nil }
    return String(text.dropFirst("bearer ".count))
  }

  private func cookie(_ request: Request) -> String? {
    for pair in (request.headers["cookie"] ?? "").split(separator: ";") {
      let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0] == Self.cookie { return String(parts[1]) }
    }
    return nil
  }

  /// In the same time wherever they differ.
  private static func isSame(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    return zip(a.utf8, b.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// Names lead astray, addresses do not.
  private func isOwn(_ host: String) -> Bool {
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      var address = in6_addr()
      return inet_pton(AF_INET6, String(host[host.index(after: host.startIndex)..<end]), &address) == 1
    }
    let name = String(host.prefix { $0 != ":" }).lowercased()
    var address = in_addr()
    return names.contains(name) || inet_pton(AF_INET, name, &address) == 1
  }

  /// 128 random bits in hexadecimal digits.
  static func newToken() -> String {
    let digits = (0..<2).map { _ in String(UInt64.random(in: UInt64.min...UInt64.max), radix: 16) }
    return digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
  }
}

/// So many a second on the mean, and so many at once.
final class RateLimit: Sendable {
  private let perSecond: Double
  private let burst: Double
  private let state: Mutex<(left: Double, time: Int)>

  init(perSecond: Double, burst: Double) {
    self.perSecond = perSecond
    self.burst = burst
    state = Mutex((burst, monotonicNanoseconds()))
  }

  func allows(now: Int = monotonicNanoseconds()) -> Bool {
    state.withLock { state in
      state.left = min(burst, state.left + Double(now - state.time) / 1e9 * perSecond)
      state.time = now
      guard state.left >= 1 else { return false }
      state.left -= 1
      return true
    }
  }
}
