import FewShotTestSupport
import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import edgessl

@Suite struct InterruptionTests {
  /// Kills `adapt --method finetune` at many moments, with a signal that cannot be caught and with Ctrl-C.
  @Test(arguments: ["KILL", "INT"]) func aKilledAdaptationLeavesTheOldFileOrTheNew(_ signal: String) throws {
    let fixtures = try PhotoFixtures()
    let encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
    let dataset = try fixtures.makeDataset(), task = fixtures.folder.file("t.tnn")
    let arguments = [
      "adapt", dataset, "--model", encoder, "--method", "finetune", "--ungated", "--steps", "3", "--views", "1", "--batch", "4",
      "--seed", "3",
      "-o", task,
    ]
    #expect(try Command.run(["adapt", dataset, "--model", encoder, "--method", "prototype", "-o", task]).status == 0)
    let old = try contents(of: task)
    let start = Date()
    #expect(try Command.run(arguments).status == 0)
    let duration = Date().timeIntervalSince(start)
    let new = try contents(of: task)
    #expect(old != new)
    var random = SeededGenerator(seed: 1)
    var killed = 0
    for moment in 0..<12 {
      try fixtures.folder.write(old, to: "t.tnn")
      // The last moments, in which the file is written, are drawn more often.
      let part = moment % 2 == 0 ? Double.random(in: 0...1, using: &random) : Double.random(in: 0.9...1.05, using: &random)
      let result = try Command.shell("timeout -s \(signal) \(part * duration) \"$@\"; exit 0", [Command.path] + arguments)
      let found = try contents(of: task)
      #expect(found == old || found == new, "\(signal) after \(part * duration) s left a file of \(found.count) bytes: \(result)")
      killed += found == old ? 1 : 0
      let memory = AlignedMemory(copying: found)
      #expect(throws: Never.self) { try Model(validating: memory.bytes) }
      if signal == "INT" {
        #expect(!fixtures.folder.names.contains { $0.hasSuffix(".tmp") }, "Ctrl-C left \(fixtures.folder.names)")
      }
    }
    #expect(killed > 0, "no run was stopped before it had written")
  }

  /// Every command that replaces a file, killed at random moments: EDGESSL_KILLS in all.
  @Test(arguments: FileEdit.allCases)
  func aKilledCommandLeavesTheOldFileOrTheNew(_ edit: FileEdit) throws {
    let fixtures = try PhotoFixtures()
    defer { withExtendedLifetime(fixtures) {} }
    let edit = try edit.prepare(fixtures)
    let kills = (ProcessInfo.processInfo.environment["EDGESSL_KILLS"].flatMap { Int($0) } ?? 40) / FileEdit.allCases.count
    let start = Date()
    try edit.restore()
    #expect(try Command.run(edit.arguments).status == 0)
    let duration = Date().timeIntervalSince(start)
    var random = SeededGenerator(seed: UInt64(kills))
    var (tries, killed, new) = (0, 0, 0)
    while killed < kills, tries < 20 * kills {
      tries += 1
      try edit.restore()
      let wait = Double.random(in: 0...1.1, using: &random) * duration, begun = Date()
      killed += try Command.kill(edit.arguments) { Date().timeIntervalSince(begun) >= wait } ? 1 : 0
      let found = try contents(of: edit.target)
      #expect(found == edit.old || found == edit.new, "killed after \(wait) s: \(found.count) bytes")
      new += found == edit.new ? 1 : 0
    }
    #expect(killed == kills, "\(killed) of \(tries) were killed before they ended")
    print("killed \(killed) of \(tries): the new file \(new) times, the old one \(tries - new) times")
    // What was left behind goes with the next write, which undoing what is undone is not.
    try edit.restore()
    #expect(try Command.run(edit.arguments).status == 0)
    #expect(edit.names == ["file.tnn"], "\(edit.names)")
  }
}
