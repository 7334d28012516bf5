import FewShotTestSupport
import Foundation
import HostRuntime
import TestSupport
import Testing

@testable import TeachServer

/// A served board with a small encoder that tells colours apart; on a port of its own on loopback.
final class TestBoard {
  let folder: TemporaryFolder
  private(set) var service: TeachService
  let options: TeachOptions

  /// - Parameter change: of the options, before it starts.
  init(change: (inout TeachOptions, TemporaryFolder) throws -> Void = { _, _ in }) throws {
    folder = try TemporaryFolder()
    let encoder = try folder.write(try TestPhotos.threeLayers(), to: "encoder.tnn")
    var options = TeachOptions(encoder: encoder, folder: folder.file("board"))
    options.port = 0
    options.interval = 0
    try change(&options, folder)
    self.options = options
    service = try TeachService(options)
  }

  deinit { service.stop() }

  func restart() throws {
    service.stop()
    service = try TeachService(options)
  }

  func get(_ target: String, _ headers: [String: String] = [:]) throws -> Answer { try send("GET", target, headers) }

  func post(_ target: String, _ body: [UInt8] = [], _ headers: [String: String] = [:]) throws -> Answer {
    try send("POST", target, headers, body)
  }

  func send(_ method: String, _ target: String, _ headers: [String: String] = [:], _ body: [UInt8] = []) throws -> Answer {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: \(headers["Host"] ?? "127.0.0.1:\(service.port)")", "Connection: close"]
    if method != "GET" { lines.append("Content-Length: \(body.count)") }
    for (name, value) in headers where name != "Host" { lines.append("\(name): \(value)") }
    return try Answer(try raw(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body))
  }

  /// What the server sends back before it closes the connection.
  func raw(_ bytes: [UInt8]) throws -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(service.port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(connected == 0, "no connection: \(String(cString: strerror(errno)))")
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      // The server may have answered and closed before it has read all.
      guard count > 0 else { break }
      sent += count
    }
    var received: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return received }
      received += buffer[..<count]
    }
  }

  struct Answer: CustomStringConvertible {
    let status: Int
    var headers: [String: String] = [:]
    let body: [UInt8]

    init(_ bytes: [UInt8]) throws {
      let data = Data(bytes),
        end = try #require(data.range(of: Data("\r\n\r\n".utf8)), "no head: \(String(decoding: bytes, as: UTF8.self))")
      let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
      status = try #require(Int(lines[0].split(separator: " ")[1]))
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
      body = Array(data[end.upperBound...])
    }

    var description: String { "\(status) \(headers)\n\(String(decoding: body.prefix(2000), as: UTF8.self))" }

    func json() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any], "\(self)")
    }

    /// The sentence of a refusal.
    func sentence() throws -> String { try #require(try json()["error"] as? String, "\(self)") }
  }

  // MARK: Teaching

  /// Adds photos of a colour to a class of that name, or to the unsorted ones; returns their identifiers.
  @discardableResult
  func teach(_ colour: String, _ numbers: Range<Int> = 0..<4, to name: String? = nil, isUnsorted: Bool = false) throws -> [String] {
    try numbers.map { number in
      let target = isUnsorted ? "/api/photos" : "/api/photos?class=\(name ?? colour)"
      let answer = try post(target, TestPhotos.ppm(colour, number))
      #expect(answer.status == 200, "\(answer)")
      return try #require(try answer.json()["photo"] as? String)
    }
  }

  func board() throws -> [String: Any] { try get("/api/board").json() }

  func counts() throws -> [String: Int] {
    let classes = try #require(try board()["classes"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: classes.map { ($0["name"] as! String, $0["count"] as! Int) })
  }

  /// Begins work and waits for its end.
  func work(_ target: String) throws -> [String: Any] {
    let begun = try post(target)
    try #require(begun.status == 202, "\(begun)")
    for _ in 0..<1000 {
      let work = try #require(try board()["work"] as? [String: Any])
      if work["state"] as? String != "running" { return work }
      usleep(20_000)
    }
    throw TeachServiceError(kind: .busy, description: "\(target) does not end")
  }
}
