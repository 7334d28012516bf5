import FewShotTestSupport
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Two processes change one task at the same time: what is in the file then is what one after the other would have made, and
/// whoever was refused with 75 is not in it.
@Suite struct ConcurrentEditsTests {
  enum Edit: CaseIterable {
    case adapt, add, remove, rename, merge, undo, resume
  }

  /// How one edit, or two one after the other, ended, and the file.
  private struct Outcome: Equatable {
    let statuses: [Int32]
    let file: [UInt8]
  }

  let fixtures: PhotoFixtures
  private let encoder: String
  private let dataset: String
  private let new: String
  private let other: String
  private let start: [UInt8]

  init() throws {
    fixtures = try PhotoFixtures()
    encoder = try fixtures.folder.write(TestPhotos.threeLayers(), to: "three-layers.tnn")
    dataset = try fixtures.folder.makeFolder("photos")
    for (name, colour) in [("keep", "red"), ("old", "green"), ("spare", "blue")] {
      try fixtures.addClass(name, in: "photos", colour: colour, numbers: 0..<2)
    }
    new = try fixtures.addClass("new", in: "more", colour: "white", numbers: 0..<2)
    other = fixtures.folder.file("other.tnn")
    let task = fixtures.folder.file("start.tnn")
    for arguments in [
      ["adapt", dataset, "--model", encoder, "-o", other], ["classes", other, "--add", "merged=\(new)"],
      ["adapt", dataset, "--model", encoder, "-o", task], ["classes", task, "--rename", "spare=first"],
      ["classes", task, "--add", "old=\(dataset)/keep", "--rename", "first=spare"],
    ] { #expect(try Command.run(arguments).status == 0, "\(arguments)") }
    start = try contents(of: task)
  }

  private func arguments(_ edit: Edit, _ task: String) -> [String] {
    let learn = ["adapt", dataset, "--model", encoder, "-o", task, "--views", "1"]
    return switch edit {
    case .adapt: learn
    case .resume:
      learn + ["--method", "finetune", "--steps", "1", "--layers", "1", "--batch", "2", "--resume", "--checkpoint", "0"]
    case .add: ["classes", task, "--add", "added=\(new)"]
    case .remove: ["classes", task, "--remove", "spare"]
    case .rename: ["classes", task, "--rename", "old=renamed"]
    case .merge: ["classes", task, "--merge", other]
    case .undo: ["classes", task, "--undo"]
    }
  }

  private static func run(_ arguments: [String]) throws -> CommandResult {
    try Command.run(arguments, environment: ["EDGESSL_LOCK_WAIT": "60"])
  }

  /// An edit after `before`.
  private func serial(_ edit: Edit, after before: Outcome) throws -> Outcome {
    let task = try fixtures.folder.write(before.file, to: "serial.tnn")
    return Outcome(statuses: before.statuses + [try Self.run(arguments(edit, task)).status], file: try contents(of: task))
  }

  private func race(_ first: Edit, _ second: Edit, _ task: String) throws -> [CommandResult] {
    let results = Mutex<[Int: CommandResult]>([:]), calls = [first, second].map { arguments($0, task) }
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      do {
        let result = try Self.run(calls[index])
        results.withLock { $0[index] = result }
      } catch { Issue.record(error) }
    }
    let found = results.withLock { $0 }
    return [try #require(found[0]), try #require(found[1])]
  }

  @Test func everyPairIsAsOneAfterTheOther() throws {
    let untouched = Outcome(statuses: [], file: start)
    var alone: [Edit: Outcome] = [:]
    for edit in Edit.allCases {
      let outcome = try serial(edit, after: untouched)
      #expect(outcome.statuses == [0] && outcome.file != start, "\(edit) alone")
      alone[edit] = outcome
    }
    for (index, first) in Edit.allCases.enumerated() {
      for second in Edit.allCases[index...] {
        let task = try fixtures.folder.write(start, to: "race.tnn")
        let results = try race(first, second, task), found = Outcome(statuses: results.map(\.status), file: try contents(of: task))
        let isRight: Bool
        switch (found.statuses[0], found.statuses[1]) {
        case (75, 75): isRight = false
        case (75, _): isRight = found.file == alone[second]!.file
        case (_, 75): isRight = found.file == alone[first]!.file
        default:
          let after = try serial(second, after: alone[first]!)
          if found == after {
            isRight = true
          } else {
            let before = try serial(first, after: alone[second]!)
            isRight = found == Outcome(statuses: before.statuses.reversed(), file: before.file)
          }
        }
        #expect(isRight, "\(first) and \(second): \(results[0])\n\(results[1])")
        for result in results where result.status == 75 {
          #expect(result.errorLines.last?.contains("another process") == true, "\(result)")
        }
      }
    }
    let left = fixtures.folder.names.filter { $0.hasPrefix("race.tnn.") || $0.hasSuffix(".tmp") }
    #expect(left.isEmpty, "\(left)")
  }

  @Test func ofTwoThatMakeTheFileOneIsRefusedOrComesSecond() throws {
    let task = fixtures.folder.file("made.tnn")
    let results = try race(.adapt, .adapt, task)
    #expect(results.contains { $0.status == 0 } && results.allSatisfy { [0, 75].contains($0.status) }, "\(results)")
  }

  @Test(arguments: Edit.allCases)
  func whoFindsTheFileLockedSaysSo(_ edit: Edit) throws {
    let task = try fixtures.folder.write(start, to: "locked.tnn")
    let descriptor = open(task, O_RDWR)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    let result = try Command.run(arguments(edit, task), environment: ["EDGESSL_LOCK_WAIT": "0.1"])
    #expect(result.status == 75 && result.output.isEmpty, "\(result)")
    #expect(
      result.errorLines.last == "edgessl: \(task): another process is changing it; try again when that is done", "\(result)")
    #expect(try contents(of: task) == start)
  }

  @Test func listingDoesNotWait() throws {
    let task = try fixtures.folder.write(start, to: "locked.tnn")
    let descriptor = open(task, O_RDWR)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    #expect(try Command.run(["classes", task, "--list"]).status == 0)
  }

  @Test(arguments: ["soon", "-1", "nan"]) func theWaitIsANumber(_ wait: String) throws {
    let task = try fixtures.folder.write(start, to: "task.tnn")
    let result = try Command.run(arguments(.remove, task), environment: ["EDGESSL_LOCK_WAIT": wait])
    #expect(result.status == 64 && result.errors.contains("EDGESSL_LOCK_WAIT is '\(wait)'"), "\(result)")
  }
}
