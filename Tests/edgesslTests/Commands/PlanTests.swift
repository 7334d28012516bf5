import FewShotTestSupport
import Foundation
import TestSupport
import Testing

@Suite struct PlanTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try folder.write(SmallModels.encoder(size: 96), to: "m.tnn")
  }

  @Test func theSmallestBudgetIsExact() throws {
    let roomy = try Command.run(["plan", model, "--memory", "32MB", "--json"])
    #expect(roomy.status == 0, "\(roomy)")
    let json = try roomy.json()
    #expect(json["fits"] as? Bool == true)
    let smallest = try #require(json["smallestBudget"] as? Int)
    #expect(smallest == (json["arenaBytes"] as? Int ?? 0) + (try contents(of: model).count))

    #expect(try Command.run(["plan", model, "--memory", "\(smallest)"]).status == 0)
    let tooSmall = try Command.run(["plan", model, "--memory", "\(smallest - 1)", "--json"])
    #expect(tooSmall.status == 75, "\(tooSmall)")
    #expect(tooSmall.errorLines.count == 1 && tooSmall.errors.contains("give --memory \(smallest)"), "\(tooSmall)")
    #expect(try tooSmall.json()["fits"] as? Bool == false)
    #expect(try tooSmall.json()["smallestBudget"] as? Int == smallest)
  }

  @Test func moreThreadsNeedMore() throws {
    let json = try Command.run(["plan", model, "--memory", "1GiB", "--threads", "4", "--json"]).json()
    let needs = try #require(json["perThreads"] as? [[String: Any]]).compactMap { $0["neededBytes"] as? Int }
    #expect(needs.count >= 4 && needs == needs.sorted() && needs[3] > needs[0], "\(needs)")
    let between = try Command.run(["plan", model, "--memory", "\(needs[3] - 1)", "--threads", "4", "--json"])
    #expect(between.status == 75 && between.errors.contains("use --threads 3"), "\(between)")
  }

  @Test func saysWhichInputSizeWouldFit() throws {
    let result = try Command.run(["plan", model, "--memory", "100kB", "--json"])
    #expect(result.status == 75 && result.errors.contains("--input-size 64"), "\(result)")
  }

  @Test func trainingIsPlannedAsAdaptPlansIt() throws {
    let fixtures = try PhotoFixtures()
    let encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
    let options = ["--steps", "2", "--views", "2", "--batch", "8"]
    func train(_ memory: Int) throws -> [String: Any] {
      let result = try Command.run(
        ["plan", encoder, "--memory", "\(memory)", "--train", "--photos", "12", "--classes", "3", "--json"] + options)
      return try result.json()["train"] as? [String: Any] ?? [:]
    }
    let free = try train(32_000_000)
    let plan = try #require(free["plan"] as? [String: Any])
    let adapted = try Command.run(
      [
        "adapt", try fixtures.makeDataset(), "--model", encoder, "--method", "finetune", "-o", fixtures.folder.file("t.tnn"),
        "--json",
      ] + options)
    let adaptedPlan = try #require(try adapted.json()["plan"] as? [String: Any])
    #expect(NSDictionary(dictionary: plan) == NSDictionary(dictionary: adaptedPlan), "\(plan)\n\(adaptedPlan)")
    #expect(free["larger"] is NSNull, "\(free)")
    let total = try #require(plan["totalBytes"] as? Int), smallest = try #require(free["smallestBudget"] as? Int)
    let less = try train(total - 1)
    #expect((less["larger"] as? [String: Any])?["totalBytes"] as? Int == total, "\(less)")
    #expect(((less["plan"] as? [String: Any])?["totalBytes"] as? Int).map { $0 < total } == true, "\(less)")
    #expect(try (train(smallest)["plan"] as? [String: Any])?["totalBytes"] as? Int == smallest)
    #expect(try train(smallest - 1)["fits"] as? Bool == false)
  }
}
