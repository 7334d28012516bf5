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
    let source = URL(filePath: #filePath).appending(path: "../../../Interpose/interpose.c").standardizedFileURL.path
    let compiled = try Command.shell("PATH=/usr/bin:/bin cc -shared -fPIC -O1 -o \"$1\" \"$2\" 2>&1", [library, source])
    try #require(compiled.status == 0, "\(compiled)")
  }

  enum Edit: String, CaseIterable {
    case adapt, classes, undo, `import`, quantize
  }

  @Test(arguments: Edit.allCases, [false, true])
  func theOldFileOrTheNewAndATrueExitCode(_ edit: Edit, stops: Bool) throws {
    let work = try fixtures.folder.makeFolder("work"), target = "\(work)/file.tnn"
    let dataset = try fixtures.makeDataset()
    let arguments: [String]
    switch edit {
    case .adapt:
      _ = try Command.run(["adapt", dataset, "--model", fixtures.encoder, "--method", "prototype", "-o", target])
      arguments = ["adapt", dataset, "--model", fixtures.encoder, "--method", "ridge", "-o", target]
    case .classes, .undo:
      _ = try Command.run(["adapt", dataset, "--model", fixtures.encoder, "--method", "prototype", "-o", target])
      _ = try Command.run(["classes", target, "--rename", "red=rot"])
      arguments = ["classes", target] + (edit == .undo ? ["--undo"] : ["--remove", "blue"])
    case .import:
      let model = URL(filePath: #filePath).appending(path: "../../../Golden/conv_3x3/model.onnx").standardizedFileURL.path
      try FileManager.default.copyItem(atPath: fixtures.encoder, toPath: target)
      arguments = ["import", model, "-o", target]
    case .quantize:
      try FileManager.default.copyItem(atPath: fixtures.encoder, toPath: target)
      arguments = ["quantize", fixtures.encoder, "--calibration", dataset, "-o", target]
    }
    let old = try contents(of: target)
    let undisturbed = try Command.run(arguments)
    #expect(undisturbed.status == 0, "\(undisturbed)")
    let new = try contents(of: target)
    try #require(old != new)

    let report = fixtures.folder.file("report")
    var calls: [String] = []
    for place in 1...40 {
      try Data(old).write(to: URL(filePath: target))
      try? fixtures.folder.remove("report")
      var environment = [
        "LD_PRELOAD": library, "INTERPOSE_FOLDER": work, "INTERPOSE_AT": "\(place)", "INTERPOSE_REPORT": report,
      ]
      if stops { environment["INTERPOSE_STOPS"] = "1" }
      let result = try Command.run(arguments, environment: environment)
      guard let call = try? String(contentsOfFile: report, encoding: .utf8) else { break }
      calls.append(call)
      let found = try contents(of: target)
      #expect(found == old || found == new, "\(call) \(place) left \(found.count) bytes: \(result)")
      #expect(result.status != 0, "\(call) \(place) failed, and the command says that all is well: \(result)")
      if found == new, !stops {
        #expect(result.errors.contains("is written"), "\(call) \(place): the file is new and the error does not say so: \(result)")
      }
      if !stops { #expect(folderNames(work) == ["file.tnn"], "\(call) \(place) left \(folderNames(work))") }
    }
    #expect(calls.contains("write") && calls.contains("rename") && calls.filter { $0 == "fsync" }.count == 2, "\(calls)")
    // What a power cut left behind goes with the next write.
    try Data(old).write(to: URL(filePath: target))
    #expect(try Command.run(arguments).status == 0)
    #expect(folderNames(work) == ["file.tnn"])
  }

  private func folderNames(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}
