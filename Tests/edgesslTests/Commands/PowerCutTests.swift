import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

/// Every write, sync and rename of a command fails in turn, or is the last thing that happens before the power goes.
@Suite struct PowerCutTests {
  let fixtures: PhotoFixtures
  let library: String

  init() throws {
    fixtures = try PhotoFixtures()
    library = fixtures.folder.file("interpose.so")
    let source = TestFolders.package.appending(path: "Tests/Interpose/interpose.c").path
    let compiled = try Command.shell("PATH=/usr/bin:/bin cc -shared -fPIC -O1 -o \"$1\" \"$2\" 2>&1", [library, source])
    try #require(compiled.status == 0, "\(compiled)")
  }

  @Test(arguments: FileEdit.allCases, [false, true])
  func theOldFileOrTheNewAndATrueExitCode(_ edit: FileEdit, stops: Bool) throws {
    let edit = try edit.prepare(fixtures), report = fixtures.folder.file("report")
    var calls: [String] = []
    for place in 1...40 {
      try edit.restore()
      try? fixtures.folder.remove("report")
      var environment = [
        "LD_PRELOAD": library, "INTERPOSE_FOLDER": edit.folder, "INTERPOSE_AT": "\(place)", "INTERPOSE_REPORT": report,
      ]
      if stops { environment["INTERPOSE_STOPS"] = "1" }
      let result = try Command.run(edit.arguments, environment: environment)
      guard let call = try? String(contentsOfFile: report, encoding: .utf8) else { break }
      calls.append(call)
      let found = try contents(of: edit.target)
      #expect(found == edit.old || found == edit.new, "\(call) \(place) left \(found.count) bytes: \(result)")
      #expect(result.status != 0, "\(call) \(place) failed, and the command says that all is well: \(result)")
      if found == edit.new, !stops {
        #expect(result.errors.contains("is written"), "\(call) \(place): the file is new and the error does not say so: \(result)")
      }
      if !stops { #expect(edit.names == ["file.tnn"], "\(call) \(place) left \(edit.names)") }
    }
    #expect(calls.contains("write") && calls.contains("rename") && calls.filter { $0 == "fsync" }.count == 2, "\(calls)")
    // What a power cut left behind goes with the next write.
    try edit.restore()
    #expect(try Command.run(edit.arguments).status == 0)
    #expect(edit.names == ["file.tnn"])
  }

  /// A file that is mounted by itself, as containers do, cannot be renamed over.
  @Test(arguments: FileEdit.allCases)
  func aFileMountedByItself(_ edit: FileEdit) throws {
    let edit = try edit.prepare(fixtures)
    try edit.restore()
    let result = try Command.run(
      edit.arguments,
      environment: [
        "LD_PRELOAD": library, "INTERPOSE_FOLDER": edit.folder, "INTERPOSE_CALL": "rename", "INTERPOSE_AT": "1",
        "INTERPOSE_ERROR": "\(EBUSY)", "INTERPOSE_REPORT": fixtures.folder.file("report"),
      ])
    #expect(result.status == 74 && result.output.isEmpty, "\(result)")
    let line = "cannot be replaced, as it is mounted by itself; mount the folder that it is in instead"
    #expect(result.errorLines.last?.hasSuffix(line) == true && result.errors.contains(edit.target), "\(result)")
    #expect(try contents(of: edit.target) == edit.old && edit.names == ["file.tnn"])
  }
}
