import Foundation
import Testing

@testable import HostRuntime

@Suite struct ChildProgramTests {
  private func text(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096), result = ""
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      if count <= 0 { return result }
      result += String(decoding: bytes[..<count], as: UTF8.self)
    }
  }

  @Test func outputErrorsAndStatusAreTheProgramsOwn() throws {
    let child = try ChildProgram(["sh", "-c", "cat; echo out; echo err >&2; exit 7"])
    #expect(text(child.output) == "out\n" && text(child.errors) == "err\n")
    #expect(child.end() == 7 && child.end() == 7)
  }

  @Test func aProgramThatGoesOnIsEnded() throws {
    let start = monotonicNanoseconds()
    let child = try ChildProgram(["sleep", "60"])
    #expect(child.end() == 128 + SIGTERM)
    let stubborn = try ChildProgram(["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"])
    var byte: UInt8 = 0
    #expect(read(stubborn.output, &byte, 1) == 1)
    #expect(stubborn.end() == 128 + SIGKILL)
    #expect(monotonicNanoseconds() - start < 20_000_000_000)
  }

  @Test func aMissingProgramIsAnError() {
    let error = #expect(throws: SystemError.self) { try ChildProgram(["edgessl-has-no-such-program"]) }
    #expect(error?.code == ENOENT)
  }
}

@Suite struct UTCTimeTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z", "19700101T000000.000"), (951_782_399_007, "2000-02-28T23:59:59.007Z", "20000228T235959.007"),
    (1_795_789_461_250, "2026-11-27T14:24:21.250Z", "20261127T142421.250"),
  ])
  func isWritten(milliseconds: Int, text: String, compact: String) {
    let time = UTCTime(milliseconds: milliseconds)
    #expect(time.description == text && time.compact == compact)
  }
}
