import Foundation
import TestSupport
import Testing

/// Calls of the command that replace a .tnn file, each prepared in a folder of its own.
enum FileEdit: String, CaseIterable {
  case adapt, classes, undo, `import`, quantize

  struct Prepared {
    let arguments: [String]
    /// The folder in which the command writes, and the file there.
    let folder: String
    let target: String
    let old: [UInt8]
    let new: [UInt8]
  }

  /// The command, and what it makes of the file when nothing disturbs it.
  func prepare(_ fixtures: PhotoFixtures) throws -> Prepared {
    let work = try fixtures.folder.makeFolder("work"), target = "\(work)/file.tnn"
    let dataset = try fixtures.makeDataset()
    let arguments: [String]
    switch self {
    case .adapt:
      _ = try Command.run(["adapt", dataset, "--model", fixtures.encoder, "--method", "prototype", "-o", target])
      arguments = ["adapt", dataset, "--model", fixtures.encoder, "--method", "ridge", "-o", target]
    case .classes, .undo:
      _ = try Command.run(["adapt", dataset, "--model", fixtures.encoder, "--method", "prototype", "-o", target])
      _ = try Command.run(["classes", target, "--rename", "red=rot"])
      arguments = ["classes", target] + (self == .undo ? ["--undo"] : ["--remove", "blue"])
    case .import:
      try FileManager.default.copyItem(atPath: fixtures.encoder, toPath: target)
      arguments = ["import", TestFolders.golden.appending(path: "conv_3x3/model.onnx").path, "-o", target]
    case .quantize:
      try FileManager.default.copyItem(atPath: fixtures.encoder, toPath: target)
      arguments = ["quantize", fixtures.encoder, "--calibration", dataset, "-o", target]
    }
    let old = try contents(of: target)
    let undisturbed = try Command.run(arguments)
    #expect(undisturbed.status == 0, "\(undisturbed)")
    let new = try contents(of: target)
    try #require(old != new)
    return Prepared(arguments: arguments, folder: work, target: target, old: old, new: new)
  }
}

extension FileEdit.Prepared {
  func restore() throws { try Data(old).write(to: URL(filePath: target)) }

  /// Names of the files in the folder.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
}
