import ModelCompiler
import ONNXImport
import TestSupport
import Testing
import TinyNN

/// What exporters write as many operators becomes one.
@Suite struct PassesTests {
  private func kinds(_ name: String) throws -> [OperatorKind] {
    let path = TestFolders.golden.appending(path: "\(name)/model.onnx").path
    return try importONNX(contentsOf: path, options: ImportOptions(allOutputs: true)).graph.nodes.map(\.kind)
  }

  @Test(arguments: [
    ("layer_normalization_decomposed", [OperatorKind.layerNormalization]),
    ("rms_normalization_decomposed", [.layerNormalization]),
    ("gelu_erf_form", [.dense]),
    ("gelu_tanh_form", [.dense]),
    ("branches_of_repvgg", [.convolution, .transpose]),
    ("branches_of_mobileone", [.depthwiseConvolution, .transpose]),
  ])
  func patternIsOneOperator(name: String, expected: [OperatorKind]) throws { #expect(try kinds(name) == expected) }

  @Test func branchesThatDifferStayApart() throws {
    #expect(try kinds("branches_that_differ").filter { $0 == .convolution }.count == 4)
  }

  @Test(arguments: ["qdq_int8", "qdq_int8_per_channel", "qdq_uint8", "qdq_uint8_per_channel"])
  func quantizedModelIsInt8FromInputToClassifier(name: String) throws {
    let path = TestFolders.golden.appending(path: "\(name)/model.onnx").path
    let graph = try importONNX(contentsOf: path, options: ImportOptions(allOutputs: true)).graph
    #expect(graph.type(graph.inputs[0]).elementType == .int8)
    let weighted = graph.nodes.filter { [.convolution, .depthwiseConvolution, .dense].contains($0.kind) }
    #expect(weighted.count == 4)
    #expect(weighted.allSatisfy { graph.type($0.inputs[0]).elementType == .int8 && graph.type($0.inputs[1]).elementType == .int8 })
  }
}
