import TestSupport
import Testing

@testable import edgessl

@Suite struct BenchTests {
  @Test func measuresAndGivesTheSameBitsForAnyNumberOfThreads() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(SmallModels.encoder(size: 96), to: "m.tnn")
    var checksums: Set<String> = []
    for threads in [1, 2, 3] {
      let json = try Command.run(["bench", model, "--runs", "4", "--warmup", "1", "--threads", "\(threads)", "--json"]).json()
      let (minimum, p50, p90, p99) = (
        json["min"] as? Double, json["p50"] as? Double, json["p90"] as? Double, json["p99"] as? Double
      )
      #expect(minimum! > 0 && minimum! <= p50! && p50! <= p90! && p90! <= p99!, "\(json)")
      #expect(json["unit"] as? String == "ms" && json["threads"] as? Int == threads)
      #expect(json["residentBytes"] as? Int ?? 0 > 1_000_000 && json["arenaBytes"] as? Int ?? 0 > 96 * 96 * 12, "\(json)")
      checksums.insert(try #require(json["outputChecksum"] as? String))
    }
    #expect(checksums.count == 1 && checksums.first?.count == 16, "\(checksums)")
  }

  @Test func measuresOperators() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(SmallModels.encoder(), to: "m.tnn")
    let json = try Command.run(["bench", model, "--runs", "3", "--operators", "--json"]).json()
    let operators = try #require(json["operators"] as? [[String: Any]])
    #expect(operators.map { $0["operator"] as? String } == ["Conv", "GlobalAveragePool", "Reshape"])
    #expect(operators[0]["macs"] as? Int == 16 * 16 * 8 * 27)
    let shares = operators.reduce(0) { $0 + ($1["share"] as? Double ?? 0) }
    #expect(abs(shares - 1) < 1e-9, "\(operators)")
    let peak = try #require(operators[0]["shareOfPeak"] as? Double)
    #expect(peak > 0 && operators[1]["shareOfPeak"] as? Double == 0, "\(operators)")
    let text = try Command.run(["bench", model, "--runs", "3", "--operators"]).output
    #expect(text.contains("stem") && text.contains("GFLOP/s"), "\(text)")
  }

  @Test("Between the pictures of a camera the threads sleep") func sleepsBetweenRuns() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write(SmallModels.encoder(size: 32), to: "m.tnn")
    let result = try Command.run(["bench", model, "--runs", "10", "--warmup", "1", "--interval", "40", "--threads", "2", "--json"])
    let (latency, processor) = (
      try #require(result.json()["p50"] as? Double), try #require(result.json()["processorTime"] as? Double)
    )
    // Two threads that looked for work all the time would take 80 ms a run.
    #expect(processor > 0 && processor < 40, "latency \(latency) ms: \(result)")
  }

  @Test func percentilesAreNearestRanks() {
    var latencies = Latencies()
    for value in (1...100).shuffled() { latencies.append(value * 1_000_000) }
    #expect([0, 50, 90, 99, 100].map(latencies.milliseconds(atPercent:)) == [1, 50, 90, 99, 100])
    var single = Latencies()
    single.append(2_000_000)
    #expect([0, 50, 99].map(single.milliseconds(atPercent:)) == [2, 2, 2])
  }
}
