import Foundation
import TestSupport
import Testing

@Suite struct ReviewTests {
  let fixtures: PhotoFixtures
  let dataset: String

  init() throws {
    fixtures = try PhotoFixtures()
    for colour in ["red", "green", "blue"] { try fixtures.addClass(colour, in: "photos", numbers: 0..<8) }
    dataset = fixtures.folder.file("photos")
  }

  /// What was used is told on a line before.
  private func refused(_ arguments: [String], status: Int32, _ message: String) throws {
    let result = try Command.run(arguments)
    #expect(result.status == status && result.errorLines.last?.contains(message) == true, "\(arguments)\n\(result)")
    #expect(result.output.isEmpty, "\(arguments)\n\(result)")
  }

  private var base: [String] { ["review", dataset, "--model", fixtures.encoder] }

  private func rows(_ json: [String: Any], _ name: String) throws -> [[String: Any]] {
    try #require(json[name] as? [[String: Any]], "\(name): \(json)")
  }

  @Test func whatIsWrongIsFound() throws {
    // A blue photo among the red ones, a copy in another class, one that shows nothing.
    try fixtures.folder.write(PhotoFixtures.photo("blue", 77), to: "photos/red/wrong.ppm")
    try fixtures.folder.write(PhotoFixtures.photo("green", 3), to: "photos/blue/twice.ppm")
    try fixtures.folder.write(TestPhotosPlain.bytes, to: "photos/green/covered.ppm")
    let page = fixtures.folder.file("r.html")
    let result = try Command.run(base + ["--json", "--report", page])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let suspects = try rows(json, "suspects")
    let wrong = try #require(suspects.first { ($0["image"] as? String)?.hasSuffix("red/wrong.ppm") == true }, "\(result)")
    #expect(wrong["label"] as? String == "red" && wrong["looksLike"] as? String == "blue")
    #expect((wrong["nearest"] as? String)?.contains("/blue/") == true && (wrong["similarity"] as! Double) > 0.9)
    let copy = try #require(try rows(json, "copies").first, "\(result)")
    #expect(copy["sameFile"] as? Bool == true && copy["label"] as? String != copy["originalLabel"] as? String, "\(copy)")
    #expect((json["withoutContent"] as? [String])?.map { $0.hasSuffix("green/covered.ppm") } == [true], "\(result)")
    #expect((json["confusion"] as? [[Int]])?.count == 3)
    let html = String(decoding: try contents(of: page), as: UTF8.self)
    #expect(html.hasPrefix("<!doctype html>") && html.contains("data:image/bmp;base64,") && html.contains("wrong.ppm"))
    for outside in ["http:", "https:", "<script", "<link"] { #expect(!html.contains(outside)) }
  }

  @Test func goodPhotosAreEnough() throws {
    let result = try Command.run(base)
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("Photos that look like another class: none"), "\(result)")
    #expect(result.output.contains("red: enough: 4 more photos would hardly raise 100 %"), "\(result)")
  }

  @Test func aTaskIsLookedThroughWithoutItsPhotos() throws {
    try fixtures.folder.write(PhotoFixtures.photo("blue", 77), to: "photos/red/wrong.ppm")
    let task = fixtures.folder.file("t.tnn")
    #expect(try Command.run(["adapt", dataset, "--model", fixtures.encoder, "-o", task]).status == 0)
    let blind = try Command.run(["review", task, "--json"])
    let first = try #require(try rows(try blind.json(), "suspects").first, "\(blind)")
    #expect((first["image"] as? String)?.utf8.count == 16 && first["looksLike"] as? String == "blue", "\(blind)")
    let seeing = try Command.run(["review", task, "--photos", dataset, "--json"])
    #expect((try rows(try seeing.json(), "suspects").first?["image"] as? String)?.hasSuffix("red/wrong.ppm") == true, "\(seeing)")
  }

  @Test func aTasksAnswersAreReported() throws {
    let task = fixtures.folder.file("t.tnn"), page = fixtures.folder.file("e.html")
    #expect(try Command.run(["adapt", dataset, "--model", fixtures.encoder, "-o", task]).status == 0)
    for colour in ["red", "green", "blue"] { try fixtures.addClass(colour, in: "test", numbers: 20..<23) }
    try fixtures.folder.write(PhotoFixtures.photo("blue", 77), to: "test/red/wrong.ppm")
    let result = try Command.run(["evaluate", "--model", task, "--dataset", fixtures.folder.file("test"), "--report", page])
    #expect(result.status == 0, "\(result)")
    let html = String(decoding: try contents(of: page), as: UTF8.self)
    #expect(html.contains("wrong.ppm<br>is <b>red</b>, answered") && html.contains("data:image/bmp;base64,"), "\(result)")
  }

  @Test func badInputIsRefused() throws {
    let folder = fixtures.folder
    try refused(["review", folder.file("none"), "--model", fixtures.encoder], status: 66, "no such folder")
    try refused(["review", fixtures.encoder], status: 65, "knows no classes yet")
    try refused(base + ["--photos", dataset], status: 64, "--photos goes with a task file")
    try folder.write([1, 2, 3], to: "photos/red/keep.txt")
    try refused(base + ["--report", folder.file("photos/red/keep.txt")], status: 73, "is not a .html file")
  }
}

private enum TestPhotosPlain {
  static var bytes: [UInt8] { Array("P6\n40 36\n255\n".utf8) + [UInt8](repeating: 90, count: 40 * 36 * 3) }
}
