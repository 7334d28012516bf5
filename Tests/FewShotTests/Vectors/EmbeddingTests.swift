import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct EmbeddingTests {
  @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 112, 160, 1280])
  func dotProductAgreesWithDoubleArithmetic(dimension: Int) {
    var source = SyntheticClasses(classes: 1, dimension: dimension)
    let (a, b) = (source.noise(), source.noise())
    let expected = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let found = withEmbedding(a) { a in withEmbedding(b) { a.dot($0) } }
    #expect(abs(Double(found) - expected) < 1e-5, "dimension \(dimension): \(found), expected \(expected)")
  }

  @Test func dotProductAddsInItsStatedOrder() {
    // 1e8 swallows 1 in float32: the result tells which sums were formed.
    var values = [Float](repeating: 0, count: 16)
    (values[0], values[8], values[1]) = (1e8, -1e8, 1)
    let ones = [Float](repeating: 1, count: 16)
    #expect(withEmbedding(values) { a in withEmbedding(ones) { a.dot($0) } } == 1)
    (values[8], values[4]) = (0, -1e8)
    #expect(withEmbedding(values) { a in withEmbedding(ones) { a.dot($0) } } == 1)
    (values[4], values[2]) = (0, -1e8)
    #expect(withEmbedding(values) { a in withEmbedding(ones) { a.dot($0) } } == 1)
    (values[2], values[1], values[5], values[3]) = (0, -1e8, 0, 1)
    #expect(withEmbedding(values) { a in withEmbedding(ones) { a.dot($0) } } == 0, "1 is added to -1e8 before 1e8 is")
  }

  @Test(arguments: [1, 3, 8, 112], [Float(1), 700 * Float.leastNonzeroMagnitude, 1e-20, 1e19, 3e38])
  func normalizing(dimension: Int, magnitude: Float) {
    var source = SyntheticClasses(classes: 1, dimension: dimension)
    let values = source.noise().map { $0 * magnitude }
    let expected = values.normalizedCopy
    var found = values
    var span = found.mutableSpan
    let length = span.normalize()
    // Subnormal values have few digits.
    let tolerance = magnitude < 1e-38 ? 1e-3 : 1e-6
    for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < tolerance, "\(values): \(found), expected \(expected)") }
    let exact = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(
      abs(Double(length) - exact) <= max(2e-6 * exact, 3e-45) || (exact > 3.4e38 && length == .infinity),
      "\(length), expected \(exact)")
  }

  @Test func zerosAndNonFiniteValuesStay() {
    for values: [Float] in [[0, 0, 0], [1, .infinity, 0], [.nan, 1, 2], [1, 2, .nan], [-.infinity, .nan, 1]] {
      var found = values
      var span = found.mutableSpan
      let length = span.normalize()
      #expect(found.map(\.bitPattern) == values.map(\.bitPattern))
      #expect(values == [0, 0, 0] ? length == 0 : !length.isFinite, "\(values): \(length)")
    }
  }

  @Test func sorting() {
    var random = CounterRandom(seed: 3)
    for count in [0, 1, 2, 3, 10, 101] {
      var values = (0..<count + 5).map { _ in Float(random.next(below: 20)) }
      let expected = values[..<count].sorted() + values[count...]
      var span = values.mutableSpan
      span.withElements { $0.sort(first: count) }
      #expect(values == Array(expected))
    }
  }

  @Test func halfPrecisionIsExactBothWays() {
    for bits in UInt16(0)..<0x7C00 {
      let value = HalfPrecision.value(bits)
      #expect(value == Float(Float16(bitPattern: bits)), "\(bits)")
      #expect(HalfPrecision.bits(value) == bits && HalfPrecision.bits(-value) == bits | 0x8000, "\(bits)")
    }
    var random = CounterRandom(seed: 4)
    for _ in 0..<20_000 {
      let value = Float(bitPattern: 0x3200_0000 + random.next() % 0x1400_0000)
      #expect(HalfPrecision.bits(value) == Float16(value).bitPattern, "\(value)")
    }
    #expect(
      HalfPrecision.value(0x7C00) == .infinity && HalfPrecision.value(0xFC00) == -.infinity && HalfPrecision.value(0x7E00).isNaN)
  }
}
