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
}
