import Foundation
import ModelCompiler
import ONNXImport
import TestSupport
import Testing
import TinyNN

@Suite struct EmbeddingTests {
  private func imported(_ name: String, _ options: ImportOptions = ImportOptions()) throws -> ImportedModel {
    try importONNX(contentsOf: TestFolders.golden.appending(path: "\(name)/model.onnx").path, options: options)
  }

  /// The tensor before the classifier, through biases, Softmax and changes of shape.
  @Test(arguments: [
    ("flatten_gemm", [1, 24]),  // Conv, Flatten | Gemm
    ("view_batch_minus_1", [1, 24]),  // Conv, Reshape | Gemm
    ("transpose_to_nhwc_and_flatten", [1, 24]),
    ("classifier_as_conv", [1, 6, 1, 1]),  // GlobalAveragePool | 1x1 Conv, Flatten
    ("dropout_attribute_opset_11", [1, 7]),  // Dropout | Gemm
  ])
  func tensorBeforeTheClassifierIsTaken(name: String, shape: [Int]) throws {
    #expect(try imported(name).outputs.map(\.shape) == [shape])
  }

  /// Without a classifier, or where it reads the input itself, the output of the graph is the embedding.
  @Test(arguments: [
    ("gemm", [1, 5]), ("matmul_bias", [1, 5]), ("gemm_relu", [1, 12]), ("view_dynamic_size", [1, 4]),
    ("conv_1x1", [1, 17, 5, 4]), ("squeeze_and_excitation", [1, 8, 4, 3]),
  ])
  func outputIsTakenWithoutClassifier(name: String, shape: [Int]) throws {
    #expect(try imported(name, ImportOptions(inputSize: name == "view_dynamic_size" ? 6 : nil)).outputs.map(\.shape) == [shape])
  }

  @Test func embeddingIsNamedByTensorOrNode() throws {
    let byNode = try imported("conv_then_activations", ImportOptions(embedding: "Relu_1"))
    let byTensor = try imported("conv_then_activations", ImportOptions(embedding: byNode.embeddingName))
    #expect(byNode.embeddingName == byTensor.embeddingName)
    #expect(byNode.outputs[0].shape == [1, 4, 6, 5])
    #expect(byNode.sourceOperatorCounts == ["Conv": 1, "Relu": 1])
    #expect(byNode.graph.nodes.map(\.kind) == [.convolution, .transpose])
  }

  /// Networks that end in a vector keep no transpose.
  @Test(arguments: ["classifier_as_conv", "batch_normalization_after_gemm", "view_dynamic_size"])
  func transposesCancel(name: String) throws {
    let graph = try imported(name, ImportOptions(inputSize: name == "view_dynamic_size" ? 6 : nil)).graph
    #expect(!graph.nodes.contains { $0.kind == .transpose }, "\(graph.nodes.map(\.kind))")
  }

  @Test(arguments: ["pad_then_conv", "pad_reflect", "pad_constant"])
  func zeroPaddingGoesIntoTheConvolution(name: String) throws {
    let kinds = try imported(name, ImportOptions(allOutputs: true)).graph.nodes.map(\.kind)
    #expect(kinds.contains(.pad) == (name == "pad_constant"), "\(kinds)")
  }

  @Test func normalizationIsFoldedIntoTheConvolution() throws {
    let kinds = try imported("batch_normalization_after_conv", ImportOptions(allOutputs: true)).graph.nodes.map(\.kind)
    #expect(kinds == [.convolution, .transpose])
  }
}
