import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct CounterRandomTests {
  /// Known answers of Random123 (kat_vectors, philox4x32 10).
  @Test(arguments: [
    (SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0), SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    (
      SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
    #expect(CounterRandom.philox(counter: counter, key: key) == expected)
  }

  @Test func seedAndStreamAreTheKeyAndTheCounter() {
    var random = CounterRandom(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e)
    let first = CounterRandom.philox(counter: SIMD4(0, 0, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
    let second = CounterRandom.philox(counter: SIMD4(1, 0, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
    for index in 0..<4 { #expect(random.next() == first[index]) }
    for index in 0..<4 { #expect(random.next() == second[index]) }
  }

  @Test(arguments: [1, 2, 3, 7, 10, 1_000_003]) func boundedNumbersAreInRangeAndEven(bound: Int) {
    var random = CounterRandom(seed: 5, stream: UInt64(bound))
    var counts = [Int](repeating: 0, count: min(bound, 10))
    let draws = 20_000
    for _ in 0..<draws {
      let value = random.next(below: bound)
      #expect((0..<bound).contains(value))
      counts[value * counts.count / bound] += 1
    }
    // Six standard deviations of a binomial count.
    let mean = Double(draws) / Double(counts.count)
    for count in counts { #expect(abs(Double(count) - mean) <= 6 * mean.squareRoot(), "\(counts)") }
  }

  @Test func selectionIsAPermutation() {
    var random = CounterRandom(seed: 6)
    var values = (0..<Int32(20)).map { $0 }
    var span = values.mutableSpan
    random.select(5, of: &span)
    #expect(values.sorted() == (0..<Int32(20)).map { $0 })
    var again = (0..<Int32(20)).map { $0 }
    var other = CounterRandom(seed: 6)
    var againSpan = again.mutableSpan
    other.select(5, of: &againSpan)
    #expect(values == again && values != (0..<Int32(20)).map { $0 })
  }
}
