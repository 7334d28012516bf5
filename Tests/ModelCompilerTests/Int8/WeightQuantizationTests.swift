import ModelCompiler
import Testing
import TinyNN

@Suite struct WeightQuantizationTests {
  @Test func everyChannelUsesItsWholeRange() {
    // Channels whose sizes differ by a thousand.
    let weights: [Float] = (0..<300).map { Float($0 % 7 - 3) * [1, 1000, 0][$0 % 3] }
    let quantized = WeightQuantization(weights, WeightLayout(WeightForm(isDepthwise: true), Shape(10, 10, 3)))
    for channel in 0..<2 {
      #expect(stride(from: channel, to: 300, by: 3).map { abs(quantized.values[$0]) }.max() == 127)
    }
    #expect(quantized.scales[2] == 1 && quantized.values[2] == 0)
    for i in weights.indices {
      #expect(abs(quantized.dequantize(i) - weights[i]) <= quantized.scales[i % 3] * 0.501)
    }
    #expect(quantized.signalToNoise > 40)
  }
}
