import ModelCompiler
import Quantize
import Testing
import TinyNN

@Suite struct QuantizationTests {
  @Test(
    "Zero is exact, the ends of the range are within half a step",
    arguments: [(-1, 2), (0, 6), (-3, 0), (0.5, 4), (-7, -2)] as [(Float, Float)])
  func affine(range: (Float, Float)) {
    let map = Quantization(minimum: range.0, maximum: range.1)
    #expect(map.dequantize(map.quantize(0)) == 0)
    for value in [min(0, range.0), max(0, range.1), (range.0 + range.1) / 2] {
      let back = map.dequantize(map.quantize(value))
      #expect(abs(back - value) <= map.scale * 0.501 + 1e-6, "\(value) came back as \(back), scale \(map.scale)")
    }
    #expect(map.quantize(1e9) == 127 && map.quantize(-1e9) == -128)
  }

  @Test func aRangeOfOnePointDoesNotDivideByZero() {
    let map = Quantization(minimum: 0, maximum: 0)
    #expect(map.scale == 1 && map.quantize(0) == 0 && map.dequantize(0) == 0)
  }

  @Test func everyChannelUsesItsWholeRange() {
    // Channels (innermost axis, so inner = 1) whose sizes differ by a thousand.
    let weights: [Float] = (0..<300).map { Float($0 % 7 - 3) * [1, 1000, 0][$0 % 3] }
    let quantized = WeightQuantization(weights, channels: 3, inner: 1)
    for channel in 0..<2 {
      #expect(stride(from: channel, to: 300, by: 3).map { abs(quantized.values[$0]) }.max() == 127)
    }
    #expect(quantized.scales[2] == 1 && quantized.values[2] == 0)
    for i in weights.indices {
      #expect(abs(quantized.dequantize(i, channels: 3, inner: 1) - weights[i]) <= quantized.scales[i % 3] * 0.501)
    }
    #expect(quantized.signalToNoise > 40)
  }

  @Test func theReportNamesTheWorstLayerFirst() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 8)))
    // Whole numbers up to 127 are exact in every channel; thirds are not.
    let good = (0..<64).map { $0 % 8 == 0 ? Float(127) : Float($0 % 15) - 7 }
    let bad = (0..<64).map { Float($0 % 11) / 3 }
    let a = try graph.add(
      Dense(), name: "good",
      inputs: [x, graph.addConstant("w", Shape(8, 8), good), graph.addConstant("b", Shape(8), [Float](repeating: 0, count: 8))])
    let b = try graph.add(
      Dense(), name: "bad",
      inputs: [a, graph.addConstant("w", Shape(8, 8), bad), graph.addConstant("b", Shape(8), [Float](repeating: 0, count: 8))])
    graph.outputs = [b]
    let report = graph.weightReport()
    #expect(report.map(\.node) == ["bad", "good"])
    #expect(report[1].signalToNoise == .infinity && report[0].signalToNoise > 30 && report[0].signalToNoise < 60, "\(report)")
    #expect(report.allSatisfy { $0.parameters == 64 })
  }
}
