import FewShot
import FewShotHost
import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@Suite struct AdaptTests {
  let fixtures: PhotoFixtures
  let dataset: String

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = try fixtures.makeDataset()
  }

  private var base: [String] { ["adapt", dataset, "--model", fixtures.encoder] }
  private func file(_ name: String) -> String { fixtures.folder.file(name) }

  @Test func learnsAndSaysWhat() throws {
    let result = try Command.run(base + ["-o", file("t.tnn"), "--json"])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let names = (json["classes"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
    #expect(names == ["blue", "green", "red"], "\(json)")
    #expect(json["photos"] as? Int == 12 && json["method"] as? String == "ridge" && json["chosen"] as? Bool == true, "\(json)")
    #expect(json["leaveOneOutAccuracy"] as? Double == 100, "\(json)")
    #expect(
      Set(json.keys).isSuperset(of: ["task", "encoder", "threshold", "scale", "planBytes", "weightBytes", "skipped", "seed"]),
      "\(json)")
    for text in ["encoder: \(fixtures.encoder) (as named)", "task: \(file("t.tnn"))", "unknown below score", "memory: plan"] {
      #expect(result.errors.contains(text), "\(result)")
    }
  }

  /// Equal embeddings of all photos: a warning, and no class is surer than another.
  @Test(arguments: ["auto", "prototype", "knn"]) func anEncoderThatSaysNothing(method: String) throws {
    let blind = try fixtures.folder.write(TestPhotos.threeLayers(gain: 0), to: "blind.tnn")
    let result = try Command.run(["adapt", dataset, "--model", blind, "--method", method, "-o", file("t.tnn"), "--json"])
    #expect(result.status == 0 && result.errors.contains("its answers mean nothing"), "\(result)")
    for colour in ["red", "green", "blue"] {
      let answer = try Command.run(["classify", "\(dataset)/\(colour)/0.ppm", "--model", file("t.tnn"), "--json"]).json()
      let top = (answer["top"] as? [[String: Any]] ?? answer["candidates"] as? [[String: Any]])?.first
      let confidence = answer["confidence"] as? Double ?? top?["confidence"] as? Double ?? 1
      #expect(confidence < 0.4, "\(method): \(answer)")
    }
  }

  @Test func theSamePhotosGiveTheSameBytes() throws {
    for (name, options) in [("a", []), ("b", ["--threads", "2"]), ("c", ["--seed", "0"])] {
      #expect(try Command.run(base + ["-o", file(name)] + options).status == 0)
    }
    // Over a task that knows the same already.
    #expect(try Command.run(base + ["-o", file("a")]).status == 0)
    let bytes = try contents(of: file("a"))
    #expect(try contents(of: file("b")) == bytes && contents(of: file("c")) == bytes)
  }

  @Test func photosAreLearnedByTheMeanOfTheirViews() throws {
    let one = try Command.run(base + ["-o", file("one.tnn"), "--views", "1", "--json"])
    let usual = try Command.run(base + ["-o", file("usual.tnn"), "--json"])
    #expect(one.status == 0 && usual.status == 0, "\(one) \(usual)")
    let plan = try #require(try one.json()["planBytes"] as? Int)
    #expect(try one.json()["views"] as? Int == 1 && usual.json()["views"] as? Int == View.averagedCount(photos: 4))
    #expect(try (usual.json()["planBytes"] as? Int ?? 0) > plan)
    #expect(try contents(of: file("one.tnn")) != contents(of: file("usual.tnn")))
    // A budget without room for views does without them.
    let tight = try Command.run(base + ["-o", file("tight.tnn"), "--memory", "\(plan)", "--json"])
    #expect(try tight.json()["views"] as? Int == 1 && contents(of: file("tight.tnn")) == contents(of: file("one.tnn")), "\(tight)")
    try Command.expectFailure(base + ["-o", file("one.tnn"), "--views", "9"], status: 64, "--views is 9; it must be 1 to 8")
    let refused = try Command.run(base + ["-o", file("one.tnn"), "--views", "8", "--memory", "\(plan)"])
    #expect(refused.status == 75 && refused.errors.contains("needs"), "\(refused)")
  }

  @Test func defaultsComeFromTheEnvironment() throws {
    let home = try fixtures.folder.makeFolder("home")
    let result = try Command.run(["adapt", dataset], environment: ["EDGESSL_ENCODER": fixtures.encoder, "HOME": home])
    #expect(result.status == 0, "\(result)")
    #expect(
      result.errors.contains("EDGESSL_ENCODER") && result.errors.contains("\(home)/.local/share/edgessl/task.tnn"), "\(result)")
    let classified = try Command.run(["classify", "\(dataset)/red/0.ppm", "--json"], environment: ["HOME": home])
    #expect(try classified.json()["label"] as? String == "red", "\(classified)")

    let named = try Command.run(
      ["adapt", dataset], environment: ["EDGESSL_ENCODER": fixtures.encoder, "EDGESSL_TASK": file("named.tnn"), "HOME": home])
    #expect(named.status == 0 && fixtures.folder.names.contains("named.tnn"), "\(named)")
  }

  @Test func learningAgainCanBeUndone() throws {
    #expect(try Command.run(base + ["-o", file("t.tnn")]).status == 0)
    try fixtures.addClass("white", in: "photos")
    let again = try Command.run(base + ["-o", file("t.tnn"), "--json"])
    #expect((try again.json()["classes"] as? [Any])?.count == 4, "\(again)")
    let undone = try Command.run(["classes", file("t.tnn"), "--undo", "--json"])
    #expect((try undone.json()["classes"] as? [Any])?.count == 3, "\(undone)")
  }

  @Test func unreadablePhotosAreSkippedOrRefused() throws {
    try fixtures.folder.write(Array("not a photo".utf8), to: "photos/red/bad.jpg")
    try fixtures.folder.write([], to: "photos/red/empty.png")
    try fixtures.folder.write(Array(PhotoFixtures.photo("red", 9).prefix(900)), to: "photos/red/truncated.ppm")
    try fixtures.folder.write(Array("notes".utf8), to: "photos/red/notes.txt")
    try fixtures.folder.write(PhotoFixtures.photo("red", 0), to: "photos/red/copy.ppm")
    let result = try Command.run(base + ["-o", file("t.tnn"), "--json"])
    #expect(result.status == 0, "\(result)")
    let skipped = try result.json()["skipped"] as? [String]
    #expect(skipped == ["bad.jpg", "empty.png", "truncated.ppm"].map { "\(dataset)/red/\($0)" }, "\(result)")
    for name in skipped ?? [] { #expect(result.errorLines.contains { $0.contains("warning") && $0.contains(name) }, "\(result)") }
    #expect(result.errors.contains("copy.ppm: the same photo as"), "\(result)")
    #expect(try result.json()["photos"] as? Int == 12)

    let strict = try Command.run(base + ["-o", file("strict.tnn"), "--strict"])
    #expect(strict.status == 65 && strict.errors.contains("bad.jpg") && strict.output.isEmpty, "\(strict)")
    #expect(!fixtures.folder.names.contains("strict.tnn"))
  }

  @Test func badFolders() throws {
    let folder = fixtures.folder
    let output = ["--model", fixtures.encoder, "-o", file("t.tnn")]
    try Command.expectFailure(["adapt", file("missing")] + output, status: 66, "no such folder")
    try Command.expectFailure(["adapt", fixtures.encoder] + output, status: 66, "is a file")
    try Command.expectFailure(["adapt", try folder.makeFolder("empty")] + output, status: 65, "no folders")
    try fixtures.addClass("red", in: "one")
    try Command.expectFailure(["adapt", file("one")] + output, status: 65, "one class only, 'red'")
    try folder.makeFolder("photos/nothing")
    try Command.expectFailure(["adapt", dataset] + output, status: 65, "class 'nothing' has no photos")
    try folder.write(Array("no".utf8), to: "photos/nothing/1.jpg")
    let unreadable = try Command.run(["adapt", dataset] + output)
    #expect(unreadable.status == 65 && unreadable.errors.contains("class 'nothing' has no photo that can be read"), "\(unreadable)")
    #expect(!folder.names.contains("t.tnn"), "nothing is written")
  }

  @Test func badModels() throws {
    let output = ["-o", file("t.tnn")]
    func expectFailure(_ model: String, _ status: Int32, _ message: String) throws {
      let result = try Command.run(["adapt", dataset, "--model", model] + output)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(result)")
      #expect(!fixtures.folder.names.contains("t.tnn"), "nothing is written")
    }
    let bytes = try contents(of: fixtures.encoder)
    try expectFailure(file("missing.tnn"), 66, "no such file")
    try expectFailure(fixtures.folder.write([], to: "empty.tnn"), 65, "is empty")
    try expectFailure(fixtures.folder.write(Array(bytes.prefix(bytes.count / 2)), to: "half.tnn"), 65, "truncated")
    try expectFailure(
      fixtures.folder.write(
        Array("P6 photo, not a model at all, but long enough to be read as one, header and all of it".utf8), to: "wrong.tnn"), 65,
      "not a .tnn model")
    try expectFailure(fixtures.folder.write(PhotoFixtures.encoderFile(nonFinite: true), to: "nan.tnn"), 65, "NaN")
    try expectFailure(fixtures.folder.write(SmallModels.encoder(), to: "plain.tnn"), 65, "does not say how photos become its input")
  }

  @Test func badOutputs() throws {
    func expectFailure(_ arguments: [String], _ status: Int32, _ message: String) throws {
      let result = try Command.run(base + arguments)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(result)")
    }
    try expectFailure(["-o", file("missing/t.tnn")], 73, "folder does not exist")
    try expectFailure(["-o", fixtures.folder.path], 73, "is a folder")
    let precious = try fixtures.folder.write(Array("my diary".utf8), to: "diary.txt")
    try expectFailure(["-o", precious], 73, "is not a .tnn file")
    #expect(try contents(of: precious) == Array("my diary".utf8))
    let full = try Command.limited("ulimit -f 1", base + ["-o", file("t.tnn")])
    #expect(full.status == 74 && full.output.isEmpty, "\(full)")
    #expect(!fixtures.folder.names.contains { $0.hasPrefix("t.tnn") }, "nothing half-written: \(fixtures.folder.names)")
  }

  @Test func whatIsNotThereYetIsRefused() throws {
    for (method, reason) in [("ridge,finetune", "'finetune' goes alone"), ("prototype,lda", "name one method")] {
      try Command.expectFailure(base + ["--method", method], status: 64, reason)
    }
    try Command.expectFailure(base + ["--method", "magic"], status: 64, "'magic' is not a method")
    try Command.expectFailure(base + ["--auxiliary", "rotation"], status: 64, "give --method finetune, too")
    try Command.expectFailure(base + ["--ungated"], status: 64, "give --method finetune, too")
  }

  @Test func theMemoryBudgetIsKept() throws {
    // Of several views it would do without some.
    let base = base + ["--views", "1"]
    let json = try Command.run(base + ["-o", file("t.tnn"), "--json"]).json()
    let planned = try #require(json["planBytes"] as? Int)
    #expect(try Command.run(base + ["-o", file("fits.tnn"), "--memory", "\(planned)"]).status == 0)
    let result = try Command.run(base + ["-o", file("tight.tnn"), "--memory", "\(planned - 1)"])
    #expect(result.status == 75 && result.errors.contains("--memory allows"), "\(result)")
    #expect(!fixtures.folder.names.contains("tight.tnn"))
  }
}
