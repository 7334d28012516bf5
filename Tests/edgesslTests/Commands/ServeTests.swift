import Foundation
import TestSupport
import Testing

@testable import edgessl

/// What `edgessl serve` hands to the program beside it; that program has tests of its own.
@Suite struct ServeTests {
  private let folder: TemporaryFolder
  /// The command in a folder of its own.
  private let command: String

  init() throws {
    folder = try TemporaryFolder()
    command = folder.file("edgessl")
    // A link that keeps its own name where the file system allows one.
    let linked = try Command.shell("ln \"$1\" \"$2\" 2>/dev/null || cp \"$1\" \"$2\"", [Command.path, command])
    try #require(linked.status == 0, "\(linked)")
    try folder.write([1], to: "encoder.tnn")
  }

  private func serve(_ arguments: String...) throws -> CommandResult {
    try Command.shell(
      "exec \"$@\"", [command, "serve", "--model", folder.file("encoder.tnn"), "--folder", folder.file("board")] + arguments)
  }

  @Test func itBecomesTheProgramBesideIt() throws {
    try folder.write(Array("#!/bin/sh\nprintf '%s\\n' \"$@\"\n".utf8), to: "edgessl-serve")
    #expect(chmod(folder.file("edgessl-serve"), 0o755) == 0)
    let result = try serve(folder.path, "--listen", "[::1]:80", "--interval", "0.5", "--threads", "2")
    #expect(result.status == 0, "\(result)")
    let words = [
      "encoder=\(folder.file("encoder.tnn"))", "folder=\(folder.file("board"))", "host=::1", "port=80", "interval=0.5", "threads=2",
      "source=\(folder.path)",
    ]
    #expect(result.output.split(separator: "\n").map(String.init) == words, "\(result)")
    #expect(try serve().output.contains("host=127.0.0.1\nport=8910\n"))
  }

  @Test func aProgramThatIsNotThereIsNamedWithWhatToDo() throws {
    let result = try serve()
    #expect(result.status == 66 && result.errorLines.last?.contains("edgessl-serve: is not there") == true, "\(result)")
    #expect(result.errors.contains("make install-serve"), "\(result)")
  }

  @Test(arguments: ["8910", "localhost:8910", "127.0.0.1", "127.0.0.1:99999", "::1:8910", "[127.0.0.1]:80", "1.2.3:80", ":80"])
  func addressesThatAreNone(text: String) throws {
    #expect(Serve.Address(text) == nil)
    let result = try serve("--listen", text)
    #expect(result.status == 64 && result.errors.contains("--listen: '\(text)' is not ADDRESS:PORT"), "\(result)")
  }

  @Test func sourcesAndNumbersThatAreNone() throws {
    let missing = try serve(folder.file("nothing"))
    #expect(missing.status == 66 && missing.errors.contains("nothing: no such folder, device or file"), "\(missing)")
    #expect(try serve("--interval", "-1").status == 64)
    #expect(try serve("--threads", "0").status == 64)
  }
}
