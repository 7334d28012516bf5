import Foundation
import ONNXImport
import TestSupport
import Testing
import TinyNN

/// Damaged files are refused or imported, never a crash. What is imported must lower to a file that opens.
@Suite struct MutationTests {
  static let models = [
    "conv_strides_differ", "conv_same_lower", "channel_shuffle_between_convs", "shuffle_with_computed_shape", "gemm_alpha_beta",
    "pad_constant", "average_pool_ceil", "batch_normalization_after_conv", "weights_as_typed_field", "chunk_with_computed_bounds",
    "range_and_cast", "channel_split", "add_both_broadcast", "softmax_opset_11_flattens", "resize_linear_half_pixel",
    "resize_cubic", "einsum_attention", "attention_opset_23", "qdq_int8_per_channel", "branches_of_repvgg",
    "layer_normalization_decomposed", "group_normalization_decomposed", "gather_irregular", "where_greater", "tile",
    "local_response_normalization", "reduce_l2_of_pixels", "pad_wrap_opset_19", "operators_on_constants", "positions_of_sines",
  ]

  /// EDGESSL_MUTATIONS multiplies the rounds, and takes other seeds, for a long run.
  static let repeats = ProcessInfo.processInfo.environment["EDGESSL_MUTATIONS"].flatMap { Int($0) } ?? 1

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: TestFolders.golden.appending(path: "\(name)/model.onnx"))
  }

  /// True if the bytes are imported.
  private func imports(_ bytes: Data) throws -> Bool {
    let imported: ImportedModel
    do { imported = try ONNXModel(bytes: bytes).imported(ImportOptions(allOutputs: true)) } catch {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
      return false
    }
    let file = PatternedMemory(copying: imported.graph.lowered().finish())
    do { _ = try Model(validating: file.region) } catch {
      Issue.record("an imported graph lowers to a file that is refused: \(error)")
    }
    return true
  }

  /// Inputs that fuzzing kept because each takes a way through the importer that the others do not.
  @Test func keptInputsAreSurvived() throws {
    let files = try TestFolders.fuzz("import")
    #expect(files.count >= 10)
    for file in files { _ = try imports(Data(contentsOf: file)) }
  }

  @Test(arguments: models)
  func everyTruncationIsSurvived(name: String) throws {
    let whole = try bytes(name)
    #expect(try imports(whole))
    var refused = 0
    for length in 0..<whole.count where try !imports(whole.prefix(length)) { refused += 1 }
    // Fields of a message stand in any order, so a file that ends behind one of them can be whole.
    #expect(refused > whole.count * 9 / 10)
  }

  @Test(arguments: models)
  func changedBytesAreSurvived(name: String) throws {
    let whole = try bytes(name)
    var random = SeededGenerator(seed: 10 + UInt64(Self.repeats))
    var refused = 0
    for round in 0..<400 * Self.repeats {
      var damaged = whole
      for _ in 0...(round % 3) {
        let index = Int.random(in: 0..<whole.count, using: &random)
        damaged[index] = [0, 1, 0x7F, 0x80, 0xFF, damaged[index] ^ 1 << UInt8.random(in: 0..<8, using: &random)].randomElement(
          using: &random)!
      }
      if try !imports(damaged) { refused += 1 }
    }
    #expect(refused > 40 * Self.repeats)
  }

  /// Bytes cut out or doubled shift everything behind them.
  @Test(arguments: models)
  func movedBytesAreSurvived(name: String) throws {
    let whole = try bytes(name)
    var random = SeededGenerator(seed: 11 + UInt64(Self.repeats))
    for _ in 0..<150 * Self.repeats {
      var damaged = whole
      let start = Int.random(in: 0..<whole.count, using: &random)
      let range = start..<min(whole.count, start + Int.random(in: 1...16, using: &random))
      if Bool.random(using: &random) { damaged.removeSubrange(range) } else { damaged.insert(contentsOf: whole[range], at: start) }
      _ = try imports(damaged)
    }
  }
}
