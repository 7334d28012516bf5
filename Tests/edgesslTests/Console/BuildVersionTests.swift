import Foundation
import TestSupport
import Testing

@Suite struct BuildVersionTests {
  /// What `swift build` leaves, and what `make build` writes into it; neither asks git when it runs.
  @Test(.enabled(if: Command.isOwn)) func theCommitIsWrittenIntoTheProgram() throws {
    let line = /edgessl \d+\.\d+\.\d+, commit (.+), Swift \d+\.\d+( or later)?, (x86-64|AArch64) with \w+\n/
    let plain = try Command.run(["--version"])
    #expect(plain.status == 0 && plain.output.wholeMatch(of: line) != nil, "\(plain)")

    let folder = try TemporaryFolder()
    let copy = folder.file("edgessl")
    try FileManager.default.copyItem(atPath: Command.path, toPath: copy)
    let tools = TestFolders.package.appending(path: "Tools/package/stamp.sh").path
    let stamped = try Command.shell(
      "PATH=/usr/bin:/bin; cd \"$3\"; \"$1\" \"$2\" && \"$2\" --version && git rev-parse --short=12 HEAD",
      [tools, copy, TestFolders.package.path])
    let lines = stamped.output.split(separator: "\n")
    try #require(stamped.status == 0 && lines.count == 2, "\(stamped)")
    let match = try #require((lines[0] + "\n").wholeMatch(of: line), "\(stamped)")
    #expect(match.1 == lines[1] || match.1 == "\(lines[1])+", "\(stamped)")
  }
}
