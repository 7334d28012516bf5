import Foundation
import HostRuntime
import TestSupport
import Testing

@testable import edgessl

@Suite struct OutputFileTests {
  let fixtures: PhotoFixtures
  private var folder: TemporaryFolder { fixtures.folder }

  init() throws { fixtures = try PhotoFixtures() }

  private func refusal(
    _ path: String, _ kind: OutputFile.Kind, inputs: [String] = [], besides outputs: [OutputFile] = []
  ) -> Failure? {
    do throws(Failure) {
      _ = try OutputFile(path, kind, option: "-o", inputs: inputs, besides: outputs)
      return nil
    } catch { return error }
  }

  @Test func onlyFilesOfTheKindAreReplaced() throws {
    let files: [(OutputFile.Kind?, [UInt8])] = [
      (.tnn, try SmallModels.encoder()), (.npy, NPYArray(shape: [1], values: [1]).fileBytes),
      (.svg, Array("<?xml version=\"1.0\"?>\n<!-- plan --><svg xmlns=\"\"/>".utf8)), (.html, Array("\n<!DOCTYPE HTML><p>".utf8)),
      (nil, PhotoFixtures.photo("red", 0)), (nil, Array("my diary: how to write <svg> and <html>".utf8)),
    ]
    for (index, (own, bytes)) in files.enumerated() {
      let path = try folder.write(bytes, to: "file\(index)")
      for kind in [OutputFile.Kind.tnn, .npy, .svg, .html] {
        let failure = refusal(path, kind)
        if kind == own {
          #expect(failure == nil, "\(String(describing: failure))")
        } else {
          #expect(
            failure?.message == "\(path): is there already and is not a .\(kind.rawValue) file; name another file with -o"
              && failure?.code == .cannotCreate, "\(index), \(kind)")
        }
      }
    }
    #expect(refusal(folder.file("new.jpg"), .npy) == nil)
    #expect(refusal(try folder.write([], to: "empty"), .npy) == nil, "an empty file has nothing to lose")
    #expect(refusal("/dev/null", .npy) == nil)
  }

  @Test func whatTheCallReadsStaysThroughEveryLink() throws {
    let input = try folder.write(SmallModels.encoder(), to: "m.tnn")
    try FileManager.default.createSymbolicLink(atPath: folder.file("soft.tnn"), withDestinationPath: "m.tnn")
    try FileManager.default.linkItem(atPath: input, toPath: folder.file("hard.tnn"))
    for name in ["m.tnn", "./m.tnn", "soft.tnn", "hard.tnn"] {
      let path = folder.file(name)
      #expect(
        refusal(path, .tnn, inputs: ["missing", input])?.message == "\(path): is read by the same call; name another file with -o")
    }
    #expect(refusal(try folder.write(SmallModels.encoder(), to: "copy.tnn"), .tnn, inputs: [input]) == nil)
  }

  @Test func twoOutputsAreTwoFiles() throws {
    let first = try OutputFile(folder.file("y.npy"), .npy, option: "--output", inputs: [])
    let path = folder.file("./y.npy")
    #expect(refusal(path, .npy, besides: [first])?.message == "\(path): is written by --output, too; name another file with -o")
    #expect(refusal(folder.file("z.npy"), .npy, besides: [first]) == nil)
  }

  @Test func anotherFileThatAppearsMeanwhileStays() throws {
    let file = try OutputFile(folder.file("y.npy"), .npy, option: "-o", inputs: [])
    let photo = PhotoFixtures.photo("red", 0)
    try folder.write(photo, to: "y.npy")
    #expect(throws: Failure.self) { try file.write([1]) }
    #expect(try contents(of: folder.file("y.npy")) == photo)
  }

  /// Every command that writes, with a photo as output and with its input.
  @Test func everyCommandAsks() throws {
    let photos = try fixtures.makeDataset(), encoder = fixtures.encoder, photo = "\(photos)/red/0.ppm", more = "\(photos)/red/1.ppm"
    let onnx = URL(filePath: #filePath).appending(path: "../../../Golden/conv_3x3/model.onnx").standardizedFileURL.path
    let model = try folder.write(contents(of: onnx), to: "m.onnx")
    let plain = try folder.write(SmallModels.Pointwise.file(), to: "pointwise.tnn")
    let array = try folder.write(SmallModels.Pointwise.input.fileBytes, to: "x.npy")
    let other = "is there already and is not a .", own = "is read by the same call"
    let calls: [(arguments: [String], message: String)] = [
      (["embed", encoder, "-o", photo, more], other), (["embed", encoder, photo, "-o", photo], own),
      (["import", model, "-o", model], own), (["import", model, "-o", photo], other),
      (["inspect", encoder, "--plan", photo], other), (["inspect", encoder, "--plan", encoder], own),
      (["quantize", encoder, "--calibration", photos, "-o", encoder], own),
      (["quantize", encoder, "--calibration", photos, "-o", photo], other),
      (["quantize", encoder, "--calibration", photos, "-o", folder.file("8.tnn"), "--report", photo], other),
      (
        ["quantize", encoder, "--calibration", photos, "-o", folder.file("8.tnn"), "--report", folder.file("8.tnn")],
        "is written by"
      ),
      (["run", plain, "--input", array, "--output", array], own), (["run", plain, "--input", array, "--output", photo], other),
      (["run", plain, "--input", array, "--output", plain], own),
      (["adapt", photos, "--model", encoder, "-o", encoder], own), (["adapt", photos, "--model", encoder, "-o", photo], other),
      (["evaluate", "--model", encoder, "--dataset", photos, "--report", photo], other),
    ]
    let files = [encoder, photo, more, model, plain, array], before = try files.map { try contents(of: $0) }
    for (arguments, message) in calls {
      let result = try Command.run(arguments)
      #expect(
        result.status == 73 && result.errorLines.last?.contains(message) == true && result.output.isEmpty, "\(arguments)\n\(result)"
      )
    }
    try folder.makeFolder("kept")
    try folder.write(Array("my diary".utf8), to: "kept/cut.npy")
    let kept = try Command.run(["bench", encoder, "--train", "--keep", folder.file("kept")])
    #expect(kept.status == 73 && kept.errors.contains(other), "\(kept)")
    let diary = try folder.write(Array("my diary".utf8), to: "t.tnn.checkpoint")
    let trained = try Command.run(["adapt", photos, "--model", encoder, "-o", folder.file("t.tnn"), "--method", "finetune"])
    #expect(trained.status == 73 && trained.errors.contains("\(diary): is there already and is not a .checkpoint"), "\(trained)")
    #expect(try files.map { try contents(of: $0) } == before && !folder.names.contains("8.tnn"))
  }
}
