import Foundation
import TestSupport
import Testing

@Suite struct EvaluateProtocolsTests {
  let fixtures: PhotoFixtures
  let photos: String

  init() throws {
    fixtures = try PhotoFixtures()
    for (colour, count) in [("red", 6), ("green", 5), ("blue", 7)] {
      try fixtures.addClass(colour, in: "photos", numbers: 0..<count)
    }
    photos = fixtures.folder.file("photos")
  }

  private var base: [String] { ["evaluate", "--model", fixtures.encoder, "--dataset", photos] }

  private func figures(_ result: CommandResult, _ name: String) throws -> [String: Any] {
    try #require((try result.json()["protocols"] as? [String: Any])?[name] as? [String: Any], "\(result)")
  }

  @Test func coloursAreToldApartByEveryProtocol() throws {
    let result = try Command.run(base + ["--card", "--json", "--episodes", "20"])
    #expect(result.status == 0, "\(result)")
    #expect(try result.json()["photos"] as? Int == 18)
    for (name, figure, least) in [
      ("episodes", "shots1", 90.0), ("knn", "k1", 100), ("linear", "accuracy", 100), ("labels-1", "accuracy", 90),
      ("labels-10", "accuracy", 90), ("retrieval", "precision1", 95), ("clusters", "purity", 0.9), ("ood", "cosineAuroc", 0.9),
    ] {
      let value = try #require(try figures(result, name)[figure] as? Double, "\(name)")
      #expect(value >= least, "\(name) \(figure): \(value)")
    }
    let errors = try figures(result, "corruptions")
    #expect(errors["cleanError"] as? Double == 0)
    let parts = ["blurError", "exposureError", "colourError", "noiseError", "jpegError"].compactMap { errors[$0] as? Double }
    #expect(parts.count == 5, "\(errors)")
    let mean = try #require(errors["meanCorruptionError"] as? Double)
    #expect(abs(mean - parts.reduce(0, +) / 5) < 1e-9)
  }

  @Test func theSameSeedGivesTheSameFigures() throws {
    func figures(_ seed: String) throws -> [String: Double] {
      let result = try Command.run(base + ["--protocol", "linear,ood,clusters", "--seed", seed, "--json"])
      return try ["linear", "ood", "clusters"].reduce(into: [:]) { all, name in
        for (figure, value) in try self.figures(result, name) where figure != "seconds" {
          all["\(name) \(figure)"] = value as? Double
        }
      }
    }
    #expect(try figures("5") == figures("5"))
  }

  @Test func theCardIsMarkdown() throws {
    let result = try Command.run(base + ["--card", "--episodes", "5"])
    #expect(result.status == 0, "\(result)")
    for name in ["episodes", "knn", "linear", "labels-1", "labels-10", "retrieval", "clusters", "ood", "corruptions"] {
      #expect(result.output.contains("\n| \(name) | "), "\(result)")
    }
  }

  @Test func theSheetShowsPhotosAndThoseNearest() throws {
    let sheet = fixtures.folder.file("r.html")
    let result = try Command.run(base + ["--protocol", "retrieval", "--report", sheet])
    #expect(result.status == 0, "\(result)")
    let html = try String(contentsOfFile: sheet, encoding: .utf8)
    #expect(html.components(separatedBy: "<figure").count == 1 + 6 * 9, "six photos, each with the eight nearest")
  }

  @Test func whatDoesNotGoTogetherIsRefused() throws {
    for (arguments, message) in [
      (["--protocol", "knn,magic"], "'magic' is none of"), (["--card", "--protocol", "knn"], "leave --protocol out"),
      (["--protocol", "knn", "--method", "ridge"], "leave --method"),
    ] {
      let result = try Command.run(base + arguments)
      #expect(result.status == 64 && result.errorLines.last?.contains(message) == true, "\(result)")
      #expect(result.output.isEmpty)
    }
  }

  @Test func classesOfOnePhotoAreRefused() throws {
    try fixtures.addClass("white", in: "photos", numbers: 0..<1)
    let result = try Command.run(base + ["--protocol", "knn"])
    #expect(result.status == 65 && result.errorLines.last?.contains("class 'white' has 1 photos") == true, "\(result)")
  }
}
