import Foundation
import TestSupport
import Testing

@Suite struct SuggestTests {
  let fixtures: PhotoFixtures
  let pool: String

  init() throws {
    fixtures = try PhotoFixtures()
    for (colour, count) in [("red", 5), ("green", 4), ("blue", 3)] {
      for number in 0..<count {
        try fixtures.folder.makeFolder("pool/below")
        try fixtures.folder.write(PhotoFixtures.photo(colour, number), to: "pool/below/\(colour)-\(number).ppm")
      }
    }
    pool = fixtures.folder.file("pool")
  }

  /// What was used is told on a line before.
  private func refused(_ arguments: [String], status: Int32, _ message: String) throws {
    let result = try Command.run(arguments)
    #expect(result.status == status && result.errorLines.last?.contains(message) == true, "\(arguments)\n\(result)")
    #expect(result.output.isEmpty, "\(arguments)\n\(result)")
  }

  private var base: [String] { ["suggest", pool, "--model", fixtures.encoder] }

  private func images(_ result: CommandResult) throws -> [String] {
    let photos = try #require(try result.json()["photos"] as? [[String: Any]], "\(result)")
    return photos.compactMap { ($0["image"] as? String)?.split(separator: "/").last.map(String.init) }
  }

  @Test func onePhotoOfEachKindIsSuggested() throws {
    let result = try Command.run(base + ["--count", "3", "--json", "--seed", "4"])
    #expect(result.status == 0, "\(result)")
    #expect(Set(try images(result).map { $0.prefix { $0 != "-" } }) == ["red", "green", "blue"], "\(result)")
    let first = try #require((try result.json()["photos"] as? [[String: Any]])?.first)
    #expect(first["reason"] as? String == "typical of 5 photos alike, none of them labelled", "\(first)")
    #expect(first["cluster"] as? Int == 0 && first["clusterSize"] as? Int == 5)
    #expect(try Command.run(base + ["--count", "3", "--json", "--seed", "4"]).output == result.output)
  }

  @Test func whatATaskKnowsIsNotSuggested() throws {
    try fixtures.addClass("red", in: "photos", numbers: 0..<5)
    try fixtures.addClass("green", in: "photos", numbers: 0..<4)
    let task = fixtures.folder.file("task.tnn")
    #expect(
      try Command.run(["adapt", fixtures.folder.file("photos"), "--model", fixtures.encoder, "-o", task]).status == 0)
    let result = try Command.run(["suggest", pool, "--model", task, "--count", "2", "--json"])
    let json = try result.json()
    #expect(json["labelled"] as? Int == 9 && json["pool"] as? Int == 3, "\(result)")
    #expect(try images(result).allSatisfy { $0.hasPrefix("blue") }, "\(result)")
    let done = try Command.run(["suggest", fixtures.folder.file("photos"), "--model", task])
    #expect(done.status == 65 && done.errors.contains("has learned from all 9"), "\(done)")
  }

  @Test func photosAreCopiedAndShown() throws {
    let target = fixtures.folder.file("to-sort"), sheet = fixtures.folder.file("s.html")
    let result = try Command.run(base + ["--count", "3", "--copy-to", target, "--sheet", sheet, "--json"])
    #expect(result.status == 0, "\(result)")
    let copies = try FileManager.default.contentsOfDirectory(atPath: target)
    #expect(try images(result).sorted() == copies.sorted())
    let name = try #require(copies.first)
    #expect(try contents(of: "\(target)/\(name)") == contents(of: "\(pool)/below/\(name)"))
    // Again: the same photos are there already.
    #expect(try Command.run(base + ["--count", "3", "--copy-to", target]).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: target).count == 3)
    let page = String(decoding: try contents(of: sheet), as: UTF8.self)
    #expect(page.hasPrefix("<!doctype html>") && page.components(separatedBy: "data:image/bmp;base64,").count == 4)
    for outside in ["http:", "https:", "<script", "<link"] { #expect(!page.contains(outside)) }
  }

  @Test func anotherPhotoOfTheSameNameGetsANumber() throws {
    let target = try fixtures.folder.makeFolder("to-sort")
    for colour in ["red", "green", "blue"] {
      for number in 0..<5 { try fixtures.folder.write([1, 2, 3], to: "to-sort/\(colour)-\(number).ppm") }
    }
    #expect(try Command.run(base + ["--count", "1", "--copy-to", target]).status == 0)
    let new = try FileManager.default.contentsOfDirectory(atPath: target).filter { $0.split(separator: "-").count == 3 }
    #expect(new.count == 1, "\(new)")
  }

  @Test func badInputIsRefused() throws {
    let folder = fixtures.folder
    try refused(["suggest", folder.file("none")] + base.dropFirst(2), status: 66, "no such folder")
    try folder.makeFolder("empty")
    try refused(["suggest", folder.file("empty")] + base.dropFirst(2), status: 66, "there are no photos in it")
    try refused(base + ["--count", "0"], status: 64, "--count is 0")
    try refused(base + ["--copy-to", "\(pool)/new"], status: 73, "is inside")
    #expect(folder.names.contains("pool"))
    let scratch = try Command.run(base, environment: ["TMPDIR": "/nowhere"])
    #expect(scratch.status == 73 && scratch.errors.contains("set TMPDIR"), "\(scratch)")
    try folder.write([1, 2, 3], to: "empty/x.jpg")
    let bad = try Command.run(["suggest", folder.file("empty")] + base.dropFirst(2))
    #expect(bad.status == 65 && bad.errors.contains("none of its 1 files is a photo"), "\(bad)")
  }

  @Test func selectionsAreMeasuredOnTheSameDraws() throws {
    for colour in ["red", "green", "blue", "white"] { try fixtures.addClass(colour, in: "set", numbers: 0..<10) }
    let arguments = [
      "evaluate", "--model", fixtures.encoder, "--dataset", fixtures.folder.file("set"), "--ways", "4", "--shots", "1", "--queries",
      "4", "--episodes", "12", "--select", "random,equal,typical,rounds,doubtful,unsure", "--json",
    ]
    let result = try Command.run(arguments, environment: ["EDGESSL_CACHE": fixtures.folder.file("cache")])
    #expect(result.status == 0, "\(result)")
    let rows = try #require(try result.json()["selections"] as? [[String: Any]])
    let accuracies = Dictionary(uniqueKeysWithValues: rows.map { ($0["select"] as! String, $0["accuracy"] as! Double) })
    #expect(accuracies["typical"] == 100 && accuracies["equal"] == 100, "\(accuracies)")
    #expect(accuracies["random"]! < 90, "four photos drawn at random seldom are of four classes: \(accuracies)")
    let found = rows.first { $0["select"] as? String == "typical" }?["classesFound"] as? Double
    #expect(found == 4)
    try refused(Array(arguments.prefix(5)) + ["--select", "best"], status: 64, "'best' is none of")
  }
}
