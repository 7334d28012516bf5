import Foundation
import TestSupport
import Testing

/// What the kernel counts as resident (VmHWM) of a whole `adapt`.
@Suite struct ResidentMemoryTests {
  let folder: TemporaryFolder
  let encoder = TestFolders.package.appending(path: "models/edge-s/edge-s.tnn").path
  let photos = TestFolders.package.appending(path: "Examples/parts/support").path

  init() throws { folder = try TemporaryFolder() }

  /// Peak resident bytes of a process that runs a network of some kilobytes once: the program itself.
  private func programBytes() throws -> Int {
    let tiny = try folder.write(SmallModels.encoder(), to: "tiny.tnn")
    let result = try Command.run(["bench", tiny, "--runs", "1", "--warmup", "0", "--json"])
    return try #require(try result.json()["peakResidentBytes"] as? Int, "\(result)")
  }

  /// Copies of the encoder's file with and without the way back, decoded photos and the program's data take 8 MB besides the
  /// program, the budget and the weights.
  @Test(arguments: [1_000_000, 2_000_000, 4_000_000, 8_000_000])
  func trainingKeepsToTheBudget(_ budget: Int) throws {
    let result = try Command.run(
      [
        "adapt", photos, "--model", encoder, "-o", folder.file("t.tnn"), "--method", "finetune", "--steps", "1", "--memory",
        "\(budget)", "--json",
      ])
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let (resident, weights) = (try #require(json["residentBytes"] as? Int), try #require(json["weightBytes"] as? Int))
    let plan = try #require(json["planBytes"] as? Int)
    #expect(plan <= budget, "\(result)")
    let program = try programBytes()
    #expect(
      resident - program <= budget + weights + 8_000_000,
      "resident \(resident) bytes, \(program) of them the program; budget \(budget), plan \(plan), weights \(weights)")
  }
}
