import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing

@testable import edgessl

@Suite struct AdaptUnlabelledTests {
  private static let colours = ["reddish", "greenish", "bluish"]
  let fixtures: PhotoFixtures
  let dataset: String
  let encoder: String

  init() throws {
    fixtures = try PhotoFixtures()
    dataset = fixtures.folder.file("photos")
    for colour in AdaptUnlabelledTests.colours { try fixtures.addClass(colour, in: "photos") }
    encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
  }

  private func file(_ name: String) -> String { fixtures.folder.file(name) }

  /// Other photos of the classes, each value v as factor v.
  private func makeUnlabelled(_ name: String, factor: Double, colours: [String] = AdaptUnlabelledTests.colours) throws -> String {
    try fixtures.folder.makeFolder(name)
    for colour in colours {
      for number in 10..<18 {
        var photo = PhotoFixtures.photo(colour, number)
        // Behind the header, which is text.
        for i in (photo.count - 40 * 36 * 3)..<photo.count { photo[i] = UInt8(min(255, Double(photo[i]) * factor)) }
        try fixtures.folder.write(photo, to: "\(name)/\(colour)\(number).ppm")
      }
    }
    return file(name)
  }

  private func adapt(_ model: String, _ unlabelled: String, _ task: String, _ options: [String] = []) throws -> CommandResult {
    try Command.run(
      ["adapt", dataset, "--model", model, "--method", "prototype", "--unlabelled", unlabelled, "-o", file(task), "--json"]
        + options)
  }

  /// What is left when the photos without labels are forgotten.
  private func forget(_ task: String) throws {
    #expect(try Command.run(["classes", file(task), "--forget-unlabelled"]).status == 0)
  }

  private func camera(_ result: CommandResult) throws -> [String: Any] { try result.json()["camera"] as? [String: Any] ?? [:] }

  @Test func aDarkCameraIsAligned() throws {
    let dark = try makeUnlabelled("dark", factor: 0.35)
    let int8 = file("int8.tnn")
    // The input's range must reach down to what the dark camera sees.
    try fixtures.folder.makeFolder("calibration")
    _ = try makeUnlabelled("calibration/dark", factor: 0.3)
    _ = try makeUnlabelled("calibration/bright", factor: 1.5)
    #expect(try Command.run(["quantize", encoder, "--calibration", file("calibration"), "--fast", "-o", int8]).status == 0)
    for model in [encoder, int8] {
      #expect(try Command.run(["adapt", dataset, "--model", model, "--method", "prototype", "-o", file("plain.tnn")]).status == 0)
      let result = try adapt(model, dark, "aligned.tnn")
      #expect(try result.status == 0 && camera(result)["aligned"] as? Bool == true, "\(result)")
      func right(_ task: String) throws -> Int {
        var count = 0
        for colour in AdaptUnlabelledTests.colours {
          for number in 10..<18 {
            let found = try Command.run(["classify", "\(dark)/\(colour)\(number).ppm", "--model", file(task), "--json"]).json()
            let nearest = (found["candidates"] as? [[String: Any]])?.first?["label"] as? String ?? found["nearest"] as? String
            count += (nearest ?? found["label"] as? String) == colour ? 1 : 0
          }
        }
        return count
      }
      let (before, after) = (try right("plain.tnn"), try right("aligned.tnn"))
      #expect(after == 24 && after >= before, "\(model): \(before) of 24 dark photos right before, \(after) after")
      let undone = try Command.run(["classes", file("aligned.tnn"), "--undo", "--json"])
      #expect(try undone.status == 0 && undone.json()["adapted"] as? Bool == false, "\(undone)")
      let (a, b) = (try contents(of: file("aligned.tnn")), try contents(of: file("plain.tnn")))
      #expect(a.count == b.count && a.sorted() == b.sorted(), "the undone task differs from the one that was never aligned")
    }
  }

  /// What an adapted task of another encoder knew is not mixed with the new one's.
  @Test func anAdaptedTaskOfAnotherEncoderIsReplaced() throws {
    let dark = try makeUnlabelled("dark", factor: 0.35)
    let other = try fixtures.folder.write(TestPhotos.threeLayers(seed: 9), to: "other.tnn")
    for model in [other, fixtures.encoder] {
      let aligned = try adapt(encoder, dark, "t.tnn")
      #expect(try aligned.status == 0 && camera(aligned)["aligned"] as? Bool == true, "\(aligned)")
      let result = try Command.run(["adapt", dataset, "--model", model, "--method", "prototype", "-o", file("t.tnn")])
      #expect(result.status == 0 && result.errors.contains("is a task of another encoder; it is replaced"), "\(result)")
      let undone = try Command.run(["classes", file("t.tnn"), "--undo"])
      #expect(undone.status == 65 && undone.errors.contains("nothing to undo"), "\(undone)")
    }
    // Its own encoder brings back what it knew.
    #expect(try adapt(encoder, dark, "own.tnn").status == 0)
    let again = try Command.run(["adapt", dataset, "--model", encoder, "--method", "prototype", "-o", file("own.tnn")])
    #expect(again.status == 0 && !again.errors.contains("another encoder"), "\(again)")
  }

  @Test func photosOfTheSameCameraChangeNothing() throws {
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "--method", "prototype", "-o", file("plain.tnn")]).status == 0)
    for (name, colours) in [("all", AdaptUnlabelledTests.colours), ("one", ["greenish"])] {
      let result = try adapt(encoder, try makeUnlabelled(name, factor: 1, colours: colours), "same.tnn")
      #expect(try result.status == 0 && camera(result)["aligned"] as? Bool == false, "\(name): \(result)")
      #expect(result.errors.contains("the encoder stays as it is"), "\(result)")
      try forget("same.tnn")
      #expect(try contents(of: file("same.tnn")) == contents(of: file("plain.tnn")))
    }
  }

  /// A folder of frames of one grey, no two files alike.
  private func makePlain(_ name: String, _ count: Int, value: UInt8 = 0, noise: Int = 1) throws -> String {
    try fixtures.folder.makeFolder(name)
    for number in 0..<count {
      try fixtures.folder.write(
        TestPhotos.plain(value, width: 40 + number, noise: noise), to: "\(name)/plain\(number).ppm")
    }
    return file(name)
  }

  /// Photos without content, copies, and too few photos leave the task as it is, and a line says so.
  @Test func photosThatTellNothingChangeNothing() throws {
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "--method", "prototype", "-o", file("plain.tnn")]).status == 0)
    let copies = try fixtures.folder.makeFolder("copies"), seven = try fixtures.folder.makeFolder("seven")
    for number in 0..<20 {
      var dark = PhotoFixtures.photo("reddish", number < 7 ? number : 0)
      for i in (dark.count - 40 * 36 * 3)..<dark.count { dark[i] /= 3 }
      if number < 7 { try fixtures.folder.write(dark, to: "seven/\(number).ppm") }
      if number >= 7 { try fixtures.folder.write(dark, to: "copies/\(number).ppm") }
    }
    for (folder, line, photos) in [
      (try makePlain("black", 12), "12 of 12 photos have no content", 0),
      (try makePlain("one-black", 1), "1 of 1 photos has no content", 0),
      (try makePlain("white", 12, value: 255), "12 of 12 photos have no content", 0),
      (try makePlain("covered", 12, noise: 3), "12 of 12 photos have no content", 0),
      (copies, "12 of 13 photos are copies", 1), (seven, "7 photos without labels", 7),
    ] {
      let result = try adapt(encoder, folder, "same.tnn")
      let camera = try camera(result)
      #expect(result.status == 0 && camera["aligned"] as? Bool == false && camera["photos"] as? Int == photos, "\(result)")
      #expect(camera["verdict"] as? String == "tooFewPhotos" && result.errors.contains(line), "\(result)")
      #expect(result.errors.contains("too few to know a camera by, which takes 8; the encoder stays as it is"), "\(result)")
      try forget("same.tnn")
      #expect(try contents(of: file("same.tnn")) == contents(of: file("plain.tnn")), "\(folder)")
    }
  }

  @Test func framesWithoutContentAmongGoodOnesDoNotCount() throws {
    let dark = try makeUnlabelled("dark", factor: 0.35)
    let good = try adapt(encoder, dark, "good.tnn")
    for number in 0..<12 { try fixtures.folder.write(TestPhotos.plain(0, width: 40 + number), to: "dark/z\(number).ppm") }
    let result = try adapt(encoder, dark, "mixed.tnn")
    #expect(try camera(good)["aligned"] as? Bool == true && camera(result)["photos"] as? Int == 24, "\(result)")
    #expect(result.errors.contains("12 of 36 photos have no content"), "\(result)")
    #expect(try contents(of: file("mixed.tnn")) == contents(of: file("good.tnn")))
  }

  /// The accuracy that is printed is that of the network that is written.
  @Test func theAccuracyIsThatOfTheAlignedEncoder() throws {
    let result = try adapt(encoder, try makeUnlabelled("dark", factor: 0.35), "aligned.tnn")
    let camera = try camera(result)
    let (right, all) = (camera["right"] as? Double ?? -1, camera["heldOut"] as? Double ?? 0)
    let accuracy = try result.json()["leaveOneOutAccuracy"] as? Double
    #expect(all == 12 && abs((accuracy ?? -1) - 100 * right / all) < 1e-9, "\(result)")
    #expect(result.errors.contains("% with the aligned encoder"), "\(result)")
  }

  /// Also after edits, which learn a new head.
  @Test func editsPrintTheAccuracyOfTheAlignedEncoder() throws {
    let adapted = try adapt(encoder, try makeUnlabelled("dark", factor: 0.35), "aligned.tnn")
    let accuracy = try #require(try adapted.json()["leaveOneOutAccuracy"] as? Double)
    #expect(try camera(adapted)["aligned"] as? Bool == true, "\(adapted)")
    func inspected() throws -> Double? {
      let found = try Command.run(["inspect", file("aligned.tnn"), "--json"]).json()
      return (found["calibration"] as? [String: Any])?["leaveOneOutAccuracy"] as? Double
    }
    #expect(try inspected().map { abs(100 * $0 - accuracy) < 1e-9 } == true)
    let renamed = try Command.run(["classes", file("aligned.tnn"), "--rename", "reddish=rot", "--json"])
    #expect(try renamed.json()["leaveOneOutAccuracy"] as? Double == accuracy, "\(renamed) instead of \(accuracy)")
    #expect(renamed.errors.contains("% with the aligned encoder"), "\(renamed)")
    #expect(try inspected().map { abs(100 * $0 - accuracy) < 1e-9 } == true)
    // Photos that came later are asked as the aligned encoder saw them when they came.
    try fixtures.addClass("white", in: "later")
    let added = try Command.run(["classes", file("aligned.tnn"), "--add", "white=\(file("later"))/white", "--json"])
    #expect(try added.json()["leaveOneOutAccuracy"] as? Double != nil && added.errors.contains("aligned encoder"), "\(added)")
    for _ in 0..<2 { #expect(try Command.run(["classes", file("aligned.tnn"), "--undo"]).errors.contains("aligned encoder")) }
    let undone = try Command.run(["classes", file("aligned.tnn"), "--undo", "--json"])
    #expect(try undone.json()["adapted"] as? Bool == false && !undone.errors.contains("aligned encoder"), "\(undone)")
  }

  @Test func refusesFoldersWithoutPhotos() throws {
    let missing = try adapt(encoder, file("nowhere"), "t.tnn")
    #expect(missing.status == 66 && missing.errors.contains("nowhere"), "\(missing)")
    try fixtures.folder.makeFolder("empty")
    let empty = try adapt(encoder, file("empty"), "t.tnn")
    #expect(empty.status == 66 && empty.errors.contains("there are no photos in it"), "\(empty)")
    try fixtures.folder.makeFolder("broken")
    try fixtures.folder.write(Array("no photo".utf8), to: "broken/a.jpg")
    let broken = try adapt(encoder, file("broken"), "t.tnn")
    #expect(broken.status == 65 && broken.errors.contains("none of its 1 files is a photo that can be read"), "\(broken)")
    #expect(!fixtures.folder.names.contains("t.tnn"))
  }

  @Test func theBudgetCountsTheAlignment() throws {
    let photos = try makeUnlabelled("more", factor: 0.5)
    let planned = try #require(try adapt(encoder, photos, "t.tnn", ["--views", "1"]).json()["planBytes"] as? Int)
    #expect(try adapt(encoder, photos, "t.tnn", ["--views", "1", "--memory", "\(planned)"]).status == 0)
    let fewer = try adapt(encoder, photos, "u.tnn", ["--views", "1", "--memory", "\(planned - 1)"])
    #expect(fewer.status == 0 && fewer.errors.contains("alignment takes 16 of 24 photos without labels"), "\(fewer)")
    #expect(try fewer.json()["planBytes"] as? Int ?? .max < planned && camera(fewer)["photos"] as? Int == 16, "\(fewer)")
    let refused = try adapt(encoder, photos, "v.tnn", ["--views", "1", "--memory", "50kB"])
    #expect(refused.status == 75 && refused.errors.contains("24 without labels"), "\(refused)")
    #expect(!fixtures.folder.names.contains("v.tnn"))
  }

  @Test func measuresAnotherCamera() throws {
    let result = try Command.run(
      [
        "evaluate", "--model", encoder, "--dataset", dataset, "--shift", "camera:0.5", "--ways", "3", "--shots", "2",
        "--queries", "1", "--episodes", "3", "--json",
      ])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let (accuracy, frozen, gain) = (
      json["accuracy"] as? Double ?? -1, json["frozenAccuracy"] as? Double ?? -1, json["gain"] as? Double ?? -99
    )
    #expect(abs(accuracy - frozen - gain) < 1e-9 && json["cameraStrength"] as? Double == 0.5, "\(json)")
    for name in ["blur", "exposure:0.5", "colour", "noise", "jpeg"] {
      let one = try Command.run(
        [
          "evaluate", "--model", encoder, "--dataset", dataset, "--shift", name, "--ways", "3", "--shots", "2", "--episodes", "1",
          "--json",
        ])
      #expect(try one.status == 0 && one.json()["camera"] as? String == name, "\(one)")
    }
    for wrong in ["fog", "camera:0", "camera:2", "camera:1:1"] {
      let refused = try Command.run([
        "evaluate", "--model", encoder, "--dataset", dataset, "--shift", wrong, "--ways", "2", "--shots", "1",
      ])
      #expect(refused.status == 64 && refused.errors.contains("--shift"), "\(refused)")
    }
  }
}
