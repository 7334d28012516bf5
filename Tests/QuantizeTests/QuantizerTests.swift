import HostRuntime
import ModelCompiler
import Quantize
import TestSupport
import Testing
import TinyNN

@Suite struct QuantizerTests {
  /// Convolution, depthwise with a hard-swish, squeeze-and-excite, sum, average: what CNN encoders are made of.
  private func network() throws -> Graph {
    var state: UInt64 = 7
    func numbers(_ count: Int, _ scale: Float) -> [Float] {
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return scale * (Float(state >> 40) / Float(1 << 23) - 1)
      }
    }
    var graph = Graph()
    func constant(_ shape: Shape, _ scale: Float) -> Graph.TensorID { graph.addConstant("", shape, numbers(shape.count, scale)) }
    var window = Window(height: 3, width: 3)
    window.padTop = 1
    window.padLeft = 1
    window.padBottom = 1
    window.padRight = 1
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 16, 16, 3)))
    let a = try graph.add(
      Convolution(window: window, activation: .relu6), name: "first",
      inputs: [x, constant(Shape(16, 3, 3, 3), 0.5), constant(Shape(16), 0.5)])
    let b = try graph.add(
      DepthwiseConvolution(window: window, activation: Activation(.hardSwish)), name: "depthwise",
      inputs: [a, constant(Shape(3, 3, 16), 0.5), constant(Shape(16), 0.2)])
    let pooled = try graph.add(GlobalAveragePool(), name: "squeeze", inputs: [b])
    let gate = try graph.add(
      Convolution(window: Window(height: 1, width: 1), activation: Activation(.hardSigmoid, 1 / 6, 0.5)), name: "excite",
      inputs: [pooled, constant(Shape(16, 1, 1, 16), 0.5), constant(Shape(16), 0.2)])
    let c = try graph.add(Binary(.multiply), name: "gate", inputs: [b, gate])
    let d = try graph.add(Binary(.add, activation: .relu), name: "sum", inputs: [a, c])
    let e = try graph.add(GlobalAveragePool(), name: "pool", inputs: [d])
    graph.outputs = [try graph.add(Reshape(Shape(1, 16)), name: "embedding", inputs: [e])]
    return graph
  }

  private func photos(_ count: Int) -> CalibrationSet {
    CalibrationSet(inputs: (0..<count).map { photo in (0..<768).map { Float(($0 * 37 + photo * 101) % 255) / 127.5 - 1 } })
  }

  @Test func anEncoderKeepsItsEmbedding() throws {
    let graph = try network(), set = photos(8)
    let result = try graph.quantized(set)
    #expect(result.report.embeddingCosine > 0.999, "\(result.report.embeddingCosine)")
    #expect(result.graph.nodes.contains { $0.kind == .quantize } && result.graph.isQuantized && !graph.isQuantized)
    let a = try run(graph, [set.inputs[3]])[0], b = try run(result.graph, [set.inputs[3]])[0]
    #expect(relativeDifference(b, a) < 0.05, "\(relativeDifference(b, a))")
    #expect(result.report.layers.map(\.name).contains("depthwise.activation"))
    #expect(
      result.report.layers.allSatisfy { $0.signalToNoise > 20 }, "\(result.report.layers.map { ($0.name, $0.signalToNoise) })")
  }

  @Test func layersStayFloatWhereAsked() throws {
    var options = QuantizationOptions.fast
    options.floatNodes = ["depthwise"]
    let result = try network().quantized(photos(4), options)
    let node = try #require(result.graph.nodes.first { $0.name == "depthwise" })
    #expect(result.graph.type(node.outputs[0]).elementType == .float32)
    #expect(result.floatNodes == ["depthwise"])
    options.floatNodes = ["nothing"]
    #expect(throws: QuantizationError.self) { try network().quantized(photos(4), options) }
    #expect(throws: QuantizationError.noPhotos) { try network().quantized(CalibrationSet(inputs: [])) }
  }

  @Test func aLimitOfLossKeepsLayersInFloat() throws {
    let graph = try network(), set = photos(4)
    let free = try graph.quantized(set, .fast).report.embeddingCosine
    let limit = 100 * (1 - free) / 2
    let result = try graph.quantized(set, .fast, maximumLoss: limit)
    #expect(!result.floatNodes.isEmpty && 100 * (1 - result.report.embeddingCosine) <= limit)
  }

  @Test("A file read back gives the same file", arguments: [false, true])
  func roundTrip(int8: Bool) throws {
    let graph = int8 ? try network().quantized(photos(4), .fast).graph : try network()
    let bytes = graph.lowered().finish()
    let memory = AlignedMemory(copying: bytes)
    let read = Graph(reading: try Model(validating: memory.bytes))
    #expect(read.lowered().finish() == bytes)
    for (a, b) in zip(graph.nodes, read.nodes) {
      #expect(a.inputs.map { graph.tensors[$0].constant } == b.inputs.map { read.tensors[$0].constant }, "\(a.name)")
    }
  }

  @Test(
    "Damaged scales and zero points are refused at their record",
    arguments: [
      (48, Float.nan.bitPattern), (48, Float(0).bitPattern), (48, Float(-1).bitPattern), (48, Float.infinity.bitPattern), (52, 128),
      (52, UInt32(bitPattern: -129)),
    ] as [(Int, UInt32)])
  func damaged(field: Int, value: UInt32) throws {
    var bytes = try network().quantized(photos(2), .fast).graph.lowered().finish()
    let memory = AlignedMemory(copying: bytes)
    let model = try Model(validating: memory.bytes)
    let tensor = try #require((0..<model.tensorCount).first { model.tensor($0).quantization != nil })
    let record = model.offset(of: .tensors) + tensor * Format.tensorRecordByteCount
    for byte in 0..<4 { bytes[record + field + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    // A zero point of a record is only wrong with a scale beside it, so both stay otherwise as they are.
    resign(&bytes)
    let damaged = AlignedMemory(copying: bytes)
    do {
      _ = try Model(validating: damaged.bytes)
      Issue.record("accepted \(field) = \(value)")
    } catch {
      #expect(error.reason == .quantizationMalformed && error.byteOffset == record, "\(error)")
    }
  }

  /// Writes the checksum of changed bytes, so that only the change is refused.
  private func resign(_ bytes: inout [UInt8]) {
    let memory = AlignedMemory(copying: bytes)
    let checksum = Checksum.ofFile(memory.bytes)
    for byte in 0..<8 { bytes[24 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * byte)) }
  }
}
