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

  @Test func learningIsPlannedHonestly() throws {
    let result = try Command.run(["plan", model, "--memory", "32MB", "--train", "--json"])
    #expect(result.status == 0, "\(result)")
    let train = try #require(try result.json()["train"] as? [String: Any])
    #expect(train["trainsEncoder"] as? Bool == false && train["bytesPerPhoto"] as? Int == 32, "\(train)")
  }
}
