import FewShot
import FewShotHost
import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import edgessl

@Suite struct InspectTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func preprocessing(size: Int) throws -> [UInt8] {
    try Preprocessing(
      inputHeight: size, inputWidth: size, cropFraction: 0.875, mean: SIMD3(123.675, 116.28, 103.53),
      standardDeviation: SIMD3(58.395, 57.12, 57.375)
    ).record
  }

  @Test func tellsWhatIsInTheFile() throws {
    let model = try folder.write(SmallModels.encoder(), to: "m.tnn")
    let json = try Command.run(["inspect", model, "--json"]).json()
    #expect(json["operators"] as? [String: Int] == ["Conv": 1, "GlobalAveragePool": 1, "Reshape": 1], "\(json)")
    #expect(json["parameters"] as? Int == 8 * 27 + 8)
    #expect(json["macs"] as? Int == 16 * 16 * 8 * 27)
    let input = try #require(json["input"] as? [String: Any])
    #expect(
      input["name"] as? String == "photo" && input["shape"] as? [Int] == [1, 32, 32, 3] && input["type"] as? String == "float32")
    #expect((json["output"] as? [String: Any])?["shape"] as? [Int] == [1, 8])
    #expect(json["fileBytes"] as? Int == (try contents(of: model).count))
    #expect((json["checksum"] as? String)?.count == 16)
    #expect(json["preprocessing"] is NSNull && json["classes"] is NSNull && json["statistics"] is NSNull)
    let plan = try #require(json["plan"] as? [String: Any])
    // The photo and the convolution's output live together; everything after fits beside the latter.
    #expect(plan["activationBytes"] as? Int == 4 * (32 * 32 * 3 + 16 * 16 * 8))
    #expect(plan["ratio"] as? Double == 1)
    #expect(json["arenaBytes"] as? Int == plan["arenaBytes"] as? Int)
    let layers = try #require(json["layers"] as? [[String: Any]])
    #expect(layers.map { $0["name"] as? String } == ["stem", "pool", "embedding"])
    #expect(layers[0]["detail"] as? String == "3x3/2 relu" && layers[0]["shape"] as? [Int] == [1, 16, 16, 8])
  }

  @Test func showsPreprocessingAndOrigin() throws {
    let sections: [(SectionKind, [UInt8])] = [
      (.provenance, Provenance(fields: [("source", "a: b.onnx"), ("opset", "17")]).section)
    ]
    let plain = try folder.write(SmallModels.Pointwise.file(adding: sections), to: "origin.tnn")
    let json = try Command.run(["inspect", plain, "--json"]).json()
    #expect(json["provenance"] as? [String: String] == ["source": "a: b.onnx", "opset": "17"])
    let text = try Command.run(["inspect", plain]).output
    #expect(text.contains("a: b.onnx") && text.contains("pointwise <1>"), "\(text)")
  }

  @Test func showsWhatATaskFileKnows() throws {
    let encoder = try SmallModels.encoder(adding: [(.preprocessing, preprocessing(size: 32))])
    var knowledge = Knowledge(dimension: 8)
    for (number, name) in ["bolt", "washer \"M4\""].enumerated() {
      _ = try knowledge.add(
        (0..<3).map { index in
          LearnedExample(identifier: UInt64(index), embedding: (0..<8).map { Float($0 == number ? 1 : 0) + Float(index) * 0.01 })
        }, to: name)
    }
    let task = try AlignedMemory.using(encoder) { model in try TaskFile(knowledge).encoded(encoder: model).bytes }
    let json = try Command.run(["inspect", folder.write(task, to: "task.tnn"), "--json"]).json()
    let classes = try #require(json["classes"] as? [[String: Any]])
    #expect(
      classes.map { $0["label"] as? String } == ["bolt", "washer \"M4\""] && classes.allSatisfy { $0["photos"] as? Int == 3 },
      "\(json)")
    #expect((json["preprocessing"] as? [String: Any])?["cropFraction"] as? Double == 0.875)
    #expect((json["calibration"] as? [String: Any])?["threshold"] is Double, "\(json)")
  }

  @Test func preprocessingThatDoesNotFitIsRefused() throws {
    let wrong = try folder.write(SmallModels.Pointwise.file(adding: [(.preprocessing, preprocessing(size: 32))]), to: "wrong.tnn")
    try Command.expectFailure(["inspect", wrong, "--json"], status: 65, "does not fit the input (found 24, needed 3072)")
    let short = try folder.write(SmallModels.Pointwise.file(adding: [(.preprocessing, [1, 2, 3])]), to: "short.tnn")
    try Command.expectFailure(["inspect", short, "--json"], status: 65, "(found 3, needed 64)")
  }

  @Test func drawsThePlan() throws {
    let model = try folder.write(SmallModels.Pointwise.file(), to: "m.tnn")
    let drawing = folder.file("plan.svg")
    #expect(try Command.run(["inspect", model, "--plan", drawing]).status == 0)
    let svg = try String(contentsOfFile: drawing, encoding: .utf8)
    // Two tensors: the image and the result; the transposition's output is the second.
    #expect(svg.components(separatedBy: "<g><title>").count - 1 >= 3, "\(svg)")
    #expect(svg.contains("image [1, 3, 4, 2]") && svg.contains("pointwise &lt;1&gt;") && !svg.contains("<1>"), "\(svg)")
    let parser = XMLCheck(svg)
    #expect(parser.isWellFormed, "\(svg)")
    try Command.expectFailure(
      ["inspect", model, "--plan", folder.file("no/plan.svg"), "--json"], status: 73, "its folder does not exist")
  }
}

/// Checks that tags close in order: enough for a file that we write ourselves.
private struct XMLCheck {
  let isWellFormed: Bool

  init(_ text: String) {
    var open: [Substring] = []
    var isWellFormed = true
    for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
      guard let end = part.firstIndex(of: ">") else { isWellFormed = false; break }
      let tag = part[..<end]
      if tag.hasPrefix("/") {
        if open.popLast() != tag.dropFirst() { isWellFormed = false }
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { $0 != " " && $0 != "\n" })
      }
    }
    self.isWellFormed = isWellFormed && open.isEmpty
  }
}
