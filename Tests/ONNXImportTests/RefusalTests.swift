import Foundation
import ONNXImport
import TestSupport
import Testing

/// A model that has to be refused (Tools/golden/refused_cases.py).
struct RefusedCase: CustomStringConvertible, Sendable {
  struct Expected: Decodable, Sendable {
    struct Options: Decodable, Sendable {
      let inputSize: Int?
      let embedding: String?
    }

    let options: Options
    let reason: String
    /// Parts of the message.
    let message: [String]
  }

  let folder: URL
  let expected: Expected
  var description: String { folder.lastPathComponent }

  static let all: [RefusedCase] = {
    let directory = TestFolders.package.appending(path: "Tests/Refused")
    // A case that cannot be read is a defect of the test data and ends the run.
    return try! FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }.map {
        RefusedCase(
          folder: $0, expected: try JSONDecoder().decode(Expected.self, from: Data(contentsOf: $0.appending(path: "expected.json")))
        )
      }
  }()
}

@Suite struct RefusalTests {
  @Test func casesAreFound() { #expect(RefusedCase.all.count >= 25) }

  @Test(arguments: RefusedCase.all)
  func modelIsRefused(refused: RefusedCase) throws {
    let options = ImportOptions(inputSize: refused.expected.options.inputSize, embedding: refused.expected.options.embedding)
    let error = #expect(throws: ONNXImportError.self) {
      try importONNX(contentsOf: refused.folder.appending(path: "model.onnx").path, options: options)
    }
    let description = try #require(error?.description)
    #expect("\(error!.reason)" == refused.expected.reason, "\(description)")
    for part in refused.expected.message { #expect(description.contains(part)) }
    #expect(!description.contains("\n"))
  }

  @Test func missingFile() {
    let error = #expect(throws: ONNXImportError.self) { try importONNX(contentsOf: "/nowhere/model.onnx") }
    #expect(error?.reason == .missing)
    #expect(error?.description == "/nowhere/model.onnx: no such file")
  }

  @Test func folderInsteadOfFile() {
    let error = #expect(throws: ONNXImportError.self) { try importONNX(contentsOf: TestFolders.golden.path) }
    #expect(error?.reason == .otherFormat)
    #expect(error?.description == "is a folder; name the file in it")
  }

  @Test func pipesAndDevicesAreNotRead() {
    let error = #expect(throws: ONNXImportError.self) { try importONNX(contentsOf: "/dev/zero") }
    #expect(error?.description == "is not a regular file; save it as one and name that", "\(error?.description ?? "imported")")
  }

  /// Of what people have under the name model.onnx.
  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"), ("\n<!DOCTYPE html>\n<html>", "a web page"),
    ("<HTML><body>", "a web page"), ("<?xml version=\"1.0\"?><net>", "an XML file"),
    ("{\"message\": \"Not Found\"}", "a JSON file"),
    ("PK\u{3}\u{4}archive/data.pkl", "torch.onnx.export"), ("\u{1C}\0\0\0TFL3", "TensorFlow Lite"),
    ("\u{18}\0\0\0ORTM", ".ort"), ("GGUF\u{3}", "GGUF"), ("7767517\n75 83", "ncnn"),
    // Its length happens to begin as XML does.
    ("<\0\0\0\0\0\0\0{\"weight\":", "safetensors"), ("%PDF-1.4\n", "PDF"),
  ])
  func otherFormatsAreNamed(start: String, advice: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(start.utf8) + Array(repeating: 0, count: 64), to: "model.onnx")
    let error = #expect(throws: ONNXImportError.self) { try importONNX(contentsOf: path) }
    #expect(error?.reason == .otherFormat && error?.description.contains(advice) == true, "\(error?.description ?? "imported")")
  }

  @Test(arguments: [
    ("", "empty"), ("not a model", "not an ONNX model"), ("\u{0}\u{0}\u{0}\u{0}", "not an ONNX model"),
    ("\u{8}\u{7}", "no graph"), ("\u{3A}\u{5}abc", "at byte 0 field 7 of the model needs 5 bytes, 3 remain"),
  ])
  func bytesThatAreNoModel(text: String, part: String) {
    let error = #expect(throws: ONNXImportError.self) { try ONNXModel(bytes: Data(text.utf8)) }
    #expect(error?.reason == .malformed)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "imported")")
  }

  @Test func truncationNamesTheByte() throws {
    let bytes = try Data(contentsOf: TestFolders.golden.appending(path: "conv_3x3/model.onnx"))
    let error = #expect(throws: ONNXImportError.self) { try ONNXModel(bytes: bytes.dropLast(40)) }
    #expect(error?.description.contains("truncated") == true)
    #expect(error?.description.contains("at byte") == true, "\(error?.description ?? "imported")")
  }
}
