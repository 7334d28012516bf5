import Testing

@testable import TeachServer

@Suite struct AccessTests {
  private func request(_ method: String = "GET", _ target: String = "/api/board", _ headers: [String: String] = [:]) -> Request {
    Request(method: method, target: target, headers: ["host": "127.0.0.1:8910"].merging(headers) { $1 })
  }

  @Test func namesOfOthersDoNotLeadHere() {
    let access = Access(token: nil, hostName: "board")
    for host in ["127.0.0.1", "127.0.0.1:8910", "localhost:8910", "[::1]:8910", "192.168.1.7:8910", "Board", "board.local:8910"] {
      #expect(access.refusal(request("GET", "/", ["host": host])) == nil, "\(host)")
    }
    for host in ["evil.example", "127.0.0.1.evil.example:8910", "localhost.evil.example", "", "[::1", "1.2.3.4.5"] {
      #expect(access.refusal(request("GET", "/", ["host": host]))?.status == 421, "\(host)")
    }
    #expect(access.refusal(Request(method: "GET", target: "/"))?.status == 421)
  }

  @Test func otherSitesChangeAndReadNothing() {
    let access = Access(token: nil, hostName: nil)
    #expect(
      access.refusal(request("POST", "/api/undo", ["origin": "http://127.0.0.1:8910", "sec-fetch-site": "same-origin"])) == nil)
    // Programs that are no browsers say neither.
    #expect(access.refusal(request("POST", "/api/undo")) == nil)
    let others = ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8910"]
    for origin in others { #expect(access.refusal(request("POST", "/api/undo", ["origin": origin]))?.status == 403, "\(origin)") }
    for site in ["cross-site", "same-site"] {
      #expect(access.refusal(request("POST", "/api/undo", ["sec-fetch-site": site]))?.status == 403)
      #expect(access.refusal(request("GET", "/api/frame", ["sec-fetch-site": site]))?.status == 403)
      // A link to the page.
      #expect(access.refusal(request("GET", "/", ["sec-fetch-site": site, "sec-fetch-mode": "navigate"])) == nil)
      #expect(access.refusal(request("GET", "/", ["sec-fetch-site": site, "sec-fetch-mode": "no-cors"]))?.status == 403)
    }
  }

  @Test func theTokenOpensByCookieHeaderOrFirstVisit() throws {
    let token = Access.newToken()
    #expect(token.utf8.count == 32 && token != Access.newToken())
    let access = Access(token: token, hostName: nil)
    #expect(access.refusal(request())?.status == 401)
    #expect(access.refusal(request("GET", "/api/board", ["cookie": "a=b; edgessl=\(token)"])) == nil)
    #expect(access.refusal(request("GET", "/api/board", ["authorization": "Bearer \(token)"])) == nil)
    #expect(access.refusal(request("GET", "/api/board", ["cookie": "edgessl=\(token.dropLast())"]))?.status == 401)
    let welcome = try #require(access.welcome(request("GET", "/?token=\(token)")))
    let cookie = try #require(welcome.headers.first { $0.name == "Set-Cookie" }?.value)
    #expect(welcome.status == 303 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    #expect(
      access.welcome(request("GET", "/?token=x")) == nil && access.welcome(request("GET", "/api/board?token=\(token)")) == nil)
  }

  @Test func guessingIsSlow() {
    let access = Access(token: Access.newToken(), hostName: nil)
    let statuses = (0..<40).map { access.refusal(request("GET", "/?token=\($0)"))!.status }
    #expect(statuses.prefix(10).allSatisfy { $0 == 401 } && statuses.suffix(25).allSatisfy { $0 == 429 }, "\(statuses)")
  }

  @Test func ratesAllowABurstAndThenSoManyASecond() {
    let limit = RateLimit(perSecond: 2, burst: 3), start = 1_000_000_000_000_000
    #expect((0..<5).map { _ in limit.allows(now: start) } == [true, true, true, false, false])
    #expect((0..<3).map { _ in limit.allows(now: start + 1_000_000_000) } == [true, true, false])
  }

  @Test func parametersAreDecoded() {
    let request = Request(
      method: "POST", target: "/api/move?class=Zahnrad+%E2%9A%99%26&photo=1",
      headers: ["content-type": "application/x-www-form-urlencoded"],
      body: Array("photo=2&photo=%zz&bad=%ff".utf8))
    #expect(request.path == "/api/move" && request.value("class") == "Zahnrad ⚙&")
    #expect(request.values("photo") == ["1", "2"] && request.value("bad") == nil && request.value("none") == nil)
  }
}
