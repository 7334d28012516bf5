import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing

@testable import edgessl

@Suite struct FinetuneTests {
  let fixtures: PhotoFixtures
  let dataset: String
  let encoder: String

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = try fixtures.makeDataset()
    encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
  }

  private func file(_ name: String) -> String { fixtures.folder.file(name) }

  private func adapt(_ name: String, _ options: [String] = []) throws -> CommandResult {
    try Command.run(
      [
        "adapt", dataset, "--model", encoder, "--method", "finetune", "--steps", "20", "--views", "2", "--batch", "8", "-o",
        file(name),
      ]
        + options)
  }

  @Test func saysWhatItPlannedAndWhatWon() throws {
    let result = try adapt("t.tnn", ["--ungated", "--json"])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    #expect(Set(json.keys).isSuperset(of: ["trained", "verdict", "plan", "gate", "trainedWeights", "agreement"]), "\(json)")
    let plan = json["plan"] as? [String: Any] ?? [:]
    let parts = ["trunkBytes", "cacheBytes", "weightBytes", "stateBytes", "activationBytes", "scratchBytes", "headBytes"]
    #expect(parts.reduce(0) { $0 + (plan[$1] as? Int ?? -1) } == plan["totalBytes"] as? Int, "\(plan)")
    #expect((json["gate"] as? [String: Any])?["heldOut"] as? Int == 12, "\(json)")
    #expect(json["trained"] as? Bool == true && result.errors.contains("losses: prototype"), "\(result)")
    #expect((json["losses"] as? [String: [Double]])?["prototype"]?.count == 20, "\(json)")
    #expect(result.errors.contains("held-out photos") && result.errors.contains("training the last"), "\(result)")
    let classified = try Command.run(["classify", "\(dataset)/red/0.ppm", "--model", file("t.tnn"), "--json"])
    #expect(try classified.json()["label"] as? String == "red", "\(classified)")
  }

  @Test("Colours are told apart without training, which the held-out photos say: the task is the one of plain adapt")
  func trainingThatIsNotBetterIsRefused() throws {
    let result = try adapt("t.tnn", ["--json"]), json = try result.json(), gate = try #require(json["gate"] as? [String: Any])
    #expect(json["trained"] as? Bool == false && gate["rightFrozen"] as? Int == 12, "\(result)")
    #expect((json["verdict"] as? String)?.hasSuffix("12 without: the encoder stays as it is") == true, "\(result)")
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "-o", file("plain.tnn")]).status == 0)
    #expect(try contents(of: file("t.tnn")) == contents(of: file("plain.tnn")))
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    for name in ["a", "b"] { #expect(try adapt(name, ["--ungated", "--seed", "7", "--auxiliary", "rotation"]).status == 0) }
    #expect(try adapt("c", ["--ungated", "--seed", "7", "--auxiliary", "rotation", "--threads", "2"]).status == 0)
    let bytes = try contents(of: file("a"))
    #expect(try contents(of: file("b")) == bytes && contents(of: file("c")) == bytes)
  }

  @Test func keepsToTheBudgetOrNamesTheSmallest() throws {
    let free = try #require(try adapt("free.tnn", ["--json"]).json()["plan"] as? [String: Any])
    let total = try #require(free["totalBytes"] as? Int)
    let less = try #require(try adapt("less.tnn", ["--memory", "\(total - 1)", "--json"]).json()["plan"] as? [String: Any])
    #expect((less["totalBytes"] as? Int ?? .max) < total, "\(less)")
    let refused = try adapt("none.tnn", ["--memory", "1kB"])
    #expect(refused.status == 75 && refused.errors.contains("training needs at least"), "\(refused)")
    #expect(!fixtures.folder.names.contains("none.tnn"))
  }

  @Test func onePhotoPerClassFallsBack() throws {
    let single = file("single")
    for colour in ["red", "green", "blue"] { try fixtures.addClass(colour, in: "single", numbers: 0..<1) }
    let result = try Command.run(
      ["adapt", single, "--model", encoder, "--method", "finetune", "--steps", "5", "-o", file("s.tnn"), "--json"])
    #expect(try result.status == 0 && result.json()["trained"] as? Bool == false, "\(result)")
    #expect(result.errors.contains("one photo only"), "\(result)")
  }

  /// Copies count once, so a class of copies has one photo; two classes with the same photos are named.
  @Test func identicalPhotosAreNamed() throws {
    for colour in ["red", "blue"] {
      for number in 0..<4 { try fixtures.folder.write(PhotoFixtures.photo(colour, 0), to: "\(try copies(colour))/\(number).ppm") }
    }
    let options = ["--model", encoder, "--method", "finetune", "--steps", "5", "-o", file("s.tnn"), "--json"]
    let result = try Command.run(["adapt", file("copies")] + options)
    #expect(
      try result.status == 0 && result.json()["trained"] as? Bool == false && result.json()["photos"] as? Int == 2, "\(result)")
    #expect(result.errors.contains("counted once") && result.errors.contains("one photo only"), "\(result)")

    for name in ["left", "right"] { try fixtures.addClass(name, in: "twins", colour: "red") }
    let twins = try Command.run(["adapt", file("twins")] + options)
    #expect(twins.status == 0 && twins.errors.contains("classes 'left' and 'right' have 4 photos in common"), "\(twins)")
  }

  private func copies(_ colour: String) throws -> String {
    try fixtures.folder.makeFolder("copies/\(colour)")
    return "copies/\(colour)"
  }

  @Test func rotationRefusesAFolderWithoutPhotosThatCanBeRead() throws {
    try fixtures.folder.makeFolder("broken")
    for number in 0..<3 { try fixtures.folder.write(Array("no photo".utf8), to: "broken/\(number).jpg") }
    let result = try adapt("t.tnn", ["--auxiliary", "rotation", "--unlabelled", file("broken")])
    #expect(result.status == 65 && result.errors.contains("none of its 3 files is a photo that can be read"), "\(result)")
    #expect(!fixtures.folder.names.contains("t.tnn"))
  }

  @Test func whatTrainsOnPhotosWithoutLabelsAsksForThem() throws {
    let result = try adapt("t.tnn", ["--auxiliary", "rotation,pseudo-label"])
    #expect(result.status == 64 && result.errors.contains("pseudo-label trains on photos without labels"), "\(result)")
    let measured = try Command.run(
      ["evaluate", "--model", encoder, "--dataset", dataset, "--method", "finetune", "--auxiliary", "entropy"])
    #expect(measured.status == 64 && measured.errors.contains("give --unlabelled-shots, too"), "\(measured)")
  }

  @Test func undoBringsTheEncoderBack() throws {
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "-o", file("plain.tnn")]).status == 0)
    let result = try adapt("t.tnn", ["--ungated", "--json"])
    #expect(try result.json()["trained"] as? Bool == true, "\(result)")
    #expect(try contents(of: file("t.tnn")) != contents(of: file("plain.tnn")))
    let listed = try Command.run(["classes", file("t.tnn"), "--json"])
    #expect(try listed.json()["adapted"] as? Bool == true, "\(listed)")
    // An edit of the adapted task, then both steps back.
    #expect(try Command.run(["classes", file("t.tnn"), "--rename", "red=crimson"]).status == 0)
    #expect(try Command.run(["classes", file("t.tnn"), "--undo"]).status == 0)
    let undone = try Command.run(["classes", file("t.tnn"), "--undo", "--json"])
    #expect(try undone.status == 0 && undone.json()["adapted"] as? Bool == false, "\(undone)")
    #expect(undone.errors.contains("before its adaptation"), "\(undone)")
    let (a, b) = (try contents(of: file("t.tnn")), try contents(of: file("plain.tnn")))
    #expect(a.count == b.count && a.sorted() == b.sorted(), "the undone task differs from the one that was never trained")
  }

  /// A class of 2,100 photos, more than are compared in pairs, is read photo by photo: training takes an evenly spread part of
  /// them, the prototypes all.
  @Test func manyPhotosStreamWithinTheBudget() throws {
    let many = file("many")
    try fixtures.addClass("red", in: "many", numbers: 0..<4)
    try fixtures.addClass("blue", in: "many", numbers: 0..<1)
    for number in 0..<2100 {
      try fixtures.folder.write(PhotoFixtures.photo("blue", number, width: 9, height: 8), to: "many/blue/\(number).ppm")
    }
    func run(_ folder: String, _ budget: Int) throws -> (json: [String: Any], resident: Int) {
      let result = try Command.run(
        [
          "adapt", folder, "--model", encoder, "--method", "finetune", "--steps", "2", "--views", "1", "--batch", "4", "--layers",
          "2",
          "--memory", "\(budget)", "-o", file("many.tnn"), "--json",
        ])
      #expect(result.status == 0 && (folder != many || result.errors.contains("training takes 68 of 2104 photos")), "\(result)")
      let json = try result.json()
      return (json, try #require(json["residentBytes"] as? Int))
    }
    let budget = 2_000_000
    let (few, all) = (try run(dataset, budget), try run(many, budget))
    #expect(all.json["photos"] as? Int == 2104, "\(all.json)")
    #expect((all.json["plan"] as? [String: Any])?["totalBytes"] as? Int ?? .max <= budget, "\(all.json)")
    // Names and checksums of 2,100 photos are kept besides the plan.
    #expect(all.resident <= few.resident + budget + 2_000_000, "\(few.resident) bytes with 12 photos, \(all.resident) with 2,104")
    let refused = try Command.run([
      "adapt", many, "--model", encoder, "--method", "finetune", "--memory", "100kB", "-o", file("none.tnn"),
    ])
    #expect(refused.status == 75, "\(refused)")
  }

  @Test func anEncoderWithoutATailSaysSo() throws {
    let result = try Command.run(["adapt", dataset, "--model", fixtures.encoder, "--method", "finetune", "-o", file("n.tnn")])
    #expect(result.status == 65 && result.errors.contains("use --method prototype"), "\(result)")
    #expect(!fixtures.folder.names.contains("n.tnn"))
  }

  @Test func evaluatesBesideTheHeadsWithoutTraining() throws {
    let episodes = ["evaluate", "--model", encoder, "--dataset", dataset, "--ways", "2", "--shots", "2", "--episodes", "6"]
    let training = episodes + ["--method", "finetune", "--steps", "5", "--views", "1", "--batch", "4"]
    let result = try Command.run(training + ["--json"])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let (accuracy, frozen, gain) = (
      json["accuracy"] as? Double ?? -1, json["frozenAccuracy"] as? Double ?? -1, json["gain"] as? Double ?? -99
    )
    #expect(abs(accuracy - frozen - gain) < 1e-9 && json["method"] as? String == "finetune", "\(json)")
    #expect((json["accuracies"] as? [Double])?.count == 6, "\(json)")
    let plain = try Command.run(episodes + ["--json"])
    #expect(try plain.json()["accuracy"] as? Double == frozen, "prototypes of the same episodes: \(plain)")
    let auto = try #require(try Command.run(episodes + ["--method", "auto", "--json"]).json()["accuracies"] as? [Double])
    #expect(json["autoAccuracies"] as? [Double] == auto, "the head without training: \(auto) \(json)")
    // Two photos of each class are no evidence for a training: all are refused, and the answers are those of auto.
    #expect(json["trainedEpisodes"] as? Int == 0 && json["accuracies"] as? [Double] == auto, "\(json)")
    let text = try Command.run(training)
    #expect(text.output.contains("auto without training: ") && text.output.contains("training gains 0.00 +- 0.00"), "\(text)")
  }

  @Test func evaluatesBehindAnotherCamera() throws {
    let options = [
      "evaluate", "--model", encoder, "--dataset", dataset, "--ways", "2", "--shots", "2", "--queries", "1", "--episodes", "2",
      "--shift", "camera",
      "--unlabelled-shots", "1",
    ]
    let training = ["--method", "finetune", "--ungated", "--auxiliary", "rotation", "--steps", "3", "--views", "1", "--batch", "4"]
    let json = try Command.run(options + training + ["--align", "--json"]).json()
    #expect((json["alignedAccuracies"] as? [Double])?.count == 2 && json["unlabelled"] as? Double == 2, "\(json)")
    let plain = try Command.run(options + ["--json"]).json()
    #expect(
      plain["frozenAccuracy"] as? Double == json["frozenAccuracy"] as? Double, "prototypes of the same episodes: \(plain) \(json)")
    let refused = try Command.run(["evaluate", "--model", encoder, "--dataset", dataset, "--method", "finetune", "--align"])
    #expect(refused.status == 64 && refused.errors.contains("give --shift, too"), "\(refused)")
  }

  @Test(arguments: [
    ["--steps", "0"], ["--learning-rate", "0"], ["--auxiliary", "colour"], ["--auxiliary", "rotation,rotation"], ["--layers", "0"],
    ["--batch", "100000"],
  ])
  func refusesWrongOptions(_ options: [String]) throws {
    let result = try adapt("x.tnn", options)
    #expect(result.status == 64 && result.errors.contains(options[0]), "\(result)")
  }
}
