import Foundation
import HostRuntime
import TestSupport
import Testing

@Suite struct EvaluateTests {
  let fixtures: PhotoFixtures
  let dataset: String

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = try fixtures.makeDataset()
  }

  private var base: [String] { ["evaluate", "--model", fixtures.encoder, "--dataset", dataset] }

  @Test func episodes() throws {
    let options = ["--ways", "3", "--shots", "2", "--queries", "5", "--episodes", "20", "--seed", "7", "--json"]
    let result = try Command.run(base + options)
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    #expect(json["accuracy"] as? Double == 100 && json["ci95"] as? Double == 0, "\(json)")
    for (name, value) in [("episodes", 20), ("ways", 3), ("shots", 2), ("queries", 5), ("seed", 7)] {
      #expect(json[name] as? Int == value, "\(name): \(json)")
    }
    #expect(json["method"] as? String == "prototype")
    #expect(try Command.run(base + options).output == result.output)
  }

  @Test func aTaskIsMeasured() throws {
    let task = fixtures.folder.file("t.tnn")
    #expect(try Command.run(["adapt", dataset, "--model", fixtures.encoder, "-o", task]).status == 0)
    for colour in ["red", "green", "blue"] { try fixtures.addClass(colour, in: "test", numbers: 20..<25) }
    try fixtures.addClass("others", in: "test", colour: "white", numbers: 20..<24)
    let result = try Command.run(["evaluate", "--model", task, "--dataset", fixtures.folder.file("test"), "--json"])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    #expect(json["accuracy"] as? Double == 100 && json["confusion"] as? [[Int]] == [[5, 0, 0], [0, 5, 0], [0, 0, 5]], "\(json)")
    #expect(json["rejectedOther"] as? Double == 100 && json["auroc"] as? Double == 1 && json["otherPhotos"] as? Int == 4, "\(json)")
    #expect((json["calibrationError"] as? Double ?? 1) < 0.2, "\(json)")

    try fixtures.addClass("white", in: "strange")
    let strange = try Command.run(["evaluate", "--model", task, "--dataset", fixtures.folder.file("strange")])
    #expect(strange.status == 65 && strange.errors.contains("no folder is named like"), "\(strange)")
  }

  @Test func methodsAreComparedOnTheSameEpisodesAndReported() throws {
    let report = fixtures.folder.file("r.html")
    let result = try Command.run(
      base + ["--ways", "2", "--shots", "2", "--episodes", "10", "--method", "auto,prototype,ridge", "--report", report, "--json"])
    #expect(result.status == 0, "\(result)")
    let methods = try #require(try result.json()["methods"] as? [[String: Any]])
    #expect(methods.map { $0["method"] as? String } == ["auto", "prototype", "ridge"], "\(result)")
    #expect(methods.allSatisfy { $0["difference"] is Double && ($0["rejection"] as? [Any])?.count == 3 }, "\(result)")
    let page = String(decoding: try contents(of: report), as: UTF8.self)
    #expect(page.hasPrefix("<!doctype html>") && page.contains("data:image/bmp;base64,") && page.hasSuffix("</html>\n"))
    for outside in ["http:", "https:", "<script", "<link"] {
      #expect(!page.contains(outside), "the page needs nothing from elsewhere: \(outside)")
    }

    let task = fixtures.folder.file("t.tnn")
    #expect(try Command.run(["adapt", dataset, "--model", fixtures.encoder, "-o", task]).status == 0)
    let measured = try Command.run(["evaluate", "--model", task, "--dataset", dataset, "--report", report])
    #expect(measured.status == 0, "\(measured)")
    #expect(String(decoding: try contents(of: report), as: UTF8.self).hasPrefix("<!doctype html>"))
  }

  @Test func badInput() throws {
    func expectFailure(_ options: [String], _ status: Int32, _ message: String) throws {
      let result = try Command.run(base + options)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(result)")
    }
    try expectFailure([], 65, "3 classes with photos, episodes need 5")
    try expectFailure(["--ways", "3"], 65, "has 4 photos, episodes need at least 6")
    try expectFailure(["--ways", "1"], 64, "--ways is 1")
    try expectFailure(["--shots", "0"], 64, "--shots is 0")
    try expectFailure(["--method", "magic"], 64, "there is: auto, prototype")
    let missing = try Command.run(["evaluate", "--model", fixtures.encoder, "--dataset", "/nowhere"])
    #expect(missing.status == 66 && missing.errors.contains("no such folder"), "\(missing)")
  }

  @Test func supportPhotosAreLearnedByTheirViews() throws {
    let options = ["--ways", "3", "--shots", "1", "--episodes", "20", "--method", "prototype,ridge,knn", "--json"]
    let cache = ["EDGESSL_CACHE": fixtures.folder.file("views")]
    let first = try Command.run(base + options + ["--views", "4"], environment: cache)
    #expect(try first.json()["views"] as? Int == 4, "\(first)")
    // The second run takes two views from the cache, the third all of them.
    let fewer = try Command.run(base + options + ["--views", "2"], environment: cache)
    #expect(try fewer.json()["views"] as? Int == 2, "\(fewer)")
    #expect(try Command.run(base + options + ["--views", "4"], environment: cache).output == first.output)
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixtures.folder.file("views")).count == 4)
    let none = try Command.run(base + options + ["--views", "0"], environment: cache)
    #expect(none.status == 64 && none.errors.contains("--views is 0; it must be 1 to 8"), "\(none)")
  }

  @Test func hiddenAndOtherFilesDoNotMatter() throws {
    let options = ["--ways", "3", "--shots", "2", "--episodes", "5", "--json"]
    let before = try Command.run(base + options).output
    try fixtures.folder.write(Array("x".utf8), to: "photos/red/.DS_Store")
    try fixtures.folder.write(Array("x".utf8), to: "photos/README.md")
    try fixtures.folder.makeFolder("photos/.git")
    try fixtures.folder.write(Array("x".utf8), to: "photos/red/Thumbs.db")
    #expect(try Command.run(base + options).output == before)
  }
}
