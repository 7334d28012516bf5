import FewShotTestSupport
import Foundation
import TestSupport
import Testing

@testable import TeachServer

/// Bad input of each kind: a status of 400 to 499, and a sentence.
@Suite(.serialized) struct BadInputTests {
  private func big(_ width: Int, _ height: Int) -> [UInt8] { Array("P6\n\(width) \(height)\n255\n".utf8) }

  @Test func photosThatAreNone() throws {
    let board = try TestBoard()
    let jpeg = TestPhotos.ppm("red", 0)
    let cases: [(what: String, body: [UInt8], status: Int)] = [
      ("nothing", [], 400), ("text", Array("hello, I am no photo".utf8), 415), ("a part", Array(jpeg.prefix(500)), 415),
      ("GIF", Array("GIF89a..............".utf8), 415), ("HTML", Array("<script>alert(1)</script>".utf8), 415),
      ("too many pixels", big(60_000, 60_000), 413), ("too few pixels", TestPhotos.plain(7, width: 3, height: 3), 415),
    ]
    for (what, body, status) in cases {
      for target in ["/api/photos?class=gear", "/api/photos"] {
        let answer = try board.post(target, body)
        #expect(try answer.status == status && !answer.sentence().isEmpty, "\(what): \(answer)")
      }
    }
    #expect(try board.counts() == [:])
    #expect(try FileManager.default.contentsOfDirectory(atPath: board.folder.file("board/photos")).isEmpty)
  }

  @Test func bodiesAndHeadsThatAreTooLarge() throws {
    let board = try TestBoard()
    let claimed = try TestBoard.Answer(
      board.raw(Array("POST /api/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n".utf8)))
    #expect(try claimed.status == 413 && claimed.sentence().contains("16 MB"), "\(claimed)")
    // One that does not say how large it is.
    let part = [UInt8](repeating: 7, count: 1 << 20), head = Array("\(String(part.count, radix: 16))\r\n".utf8)
    var chunked = Array("POST /api/photos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    for _ in 0..<18 { chunked += head + part + Array("\r\n".utf8) }
    let endless = try board.raw(chunked + Array("0\r\n\r\n".utf8))
    // The answer may be lost where the rest of the body still comes; the server lives on in any case.
    if !endless.isEmpty { #expect(try TestBoard.Answer(endless).status == 413) }
    let header = "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 300_000) + "\r\n\r\n"
    let refused = try board.raw(Array(header.utf8))
    #expect(try refused.isEmpty || (400..<500).contains(TestBoard.Answer(refused).status))
    #expect(try board.get("/api/board").status == 200)
  }

  @Test func requestsThatMeanNothing() throws {
    let board = try TestBoard()
    let photo = try board.teach("red", 0..<1)[0]
    let cases: [(method: String, target: String, status: Int)] = [
      ("GET", "/nothing", 404), ("GET", "/../../etc/passwd", 404), ("GET", "/api/photo?photo=../../etc/passwd", 400),
      ("GET", "/api/photo?photo=%2e%2e%2f%2e%2e%2ftoken", 400), ("GET", "/api/thumbnail", 400),
      ("GET", "/api/photo?photo=0123456789abcdef", 404), ("PUT", "/api/photos", 405), ("DELETE", "/api/board", 405),
      ("POST", "/api/remove?photo=0123456789abcdef", 404), ("POST", "/api/remove?class=nut", 404), ("POST", "/api/remove", 400),
      ("POST", "/api/move?class=nut&photo=x", 400), ("POST", "/api/classes", 400), ("POST", "/api/classes?class=", 400),
      ("POST", "/api/classes?class=red", 409), ("POST", "/api/classes?class=a%0Ab", 400), ("POST", "/api/classes?class=%FF", 400),
      ("POST", "/api/move?class=%FF&photo=\(photo)", 400), ("POST", "/api/rename?class=red", 400),
      ("POST", "/api/rename?class=nut&to=bolt", 404), ("POST", "/api/frames?class=red", 404), ("GET", "/api/frame", 404),
      ("GET", "/api/board?after=x", 400), ("POST", "/api/suggest?count=0", 400), ("POST", "/api/suggest?count=x", 400),
    ]
    for (method, target, status) in cases {
      let answer = try board.send(method, target)
      #expect(try answer.status == status && !answer.sentence().isEmpty, "\(method) \(target): \(answer)")
    }
    #expect(try board.counts() == ["red": 1])
    #expect(try board.work("/api/learn")["sentence"] as? String == "learning takes at least two classes with photos")
  }

  @Test func whatIsNoHTTPIsAnsweredOrClosed() throws {
    let board = try TestBoard()
    for text in [
      "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n", "\u{0}\u{1}\u{2}",
      "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
      let answer = try board.raw(Array(text.utf8) + (text.hasSuffix("\n") ? [] : Array("\r\n\r\n".utf8)))
      #expect(
        try answer.isEmpty || (400..<500).contains(TestBoard.Answer(answer).status),
        "\(text): \(String(decoding: answer, as: UTF8.self))")
    }
    #expect(try board.get("/api/board").status == 200)
  }

  @Test func thePageHasItsPolicyAndNothingFromElsewhere() throws {
    let board = try TestBoard()
    for (path, type) in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")] {
      let answer = try board.get(path), text = String(decoding: answer.body, as: UTF8.self)
      #expect(answer.status == 200 && answer.headers["content-type"]?.hasPrefix(type) == true)
      #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(!text.contains("://") && text.utf8.count > 1000, "\(path)")
    }
  }

  @Test func otherHostsAndOriginsAreRefusedOverHTTP() throws {
    let board = try TestBoard()
    #expect(try board.get("/", ["Host": "evil.example"]).status == 421)
    #expect(try board.post("/api/undo", [], ["Origin": "http://evil.example"]).status == 403)
  }

  @Test func onTheNetworkTheTokenIsAskedFor() throws {
    let board = try TestBoard { options, _ in options.host = "0.0.0.0" }
    let token = try #require(board.service.token)
    #expect(board.service.notes[0].contains("?token=\(token)"))
    let form = try board.get("/")
    #expect(form.status == 401 && String(decoding: form.body, as: UTF8.self).contains("name=\"token\""))
    #expect(try board.get("/api/board").status == 401)
    #expect(try board.get("/api/board", ["Cookie": "edgessl=\(token)"]).status == 200)
    #expect(try board.get("/?token=\(token)").status == 303)
    let path = board.folder.file("board/token"), attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    // It stays, and is not shown again.
    try board.restart()
    #expect(board.service.token == token && !board.service.notes.contains { $0.contains(token) })
  }

  @Test func connectionsAreLimitedAndComeBack() throws {
    let board = try TestBoard()
    var held: [Int32] = []
    for _ in 0..<(HTTPLimits.connectionLimit + 20) {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(board.service.port).bigEndian
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
      held.append(descriptor)
    }
    usleep(200_000)
    var byte: UInt8 = 0
    let closed = held.filter { recv($0, &byte, 1, Int32(MSG_DONTWAIT)) == 0 }
    #expect(closed.count == 20, "\(closed.count)")
    for descriptor in held { close(descriptor) }
    usleep(200_000)
    #expect(try board.get("/api/board").status == 200)
  }
}
