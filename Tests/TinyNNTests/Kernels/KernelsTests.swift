import Testing
import TinyNN

@Suite struct KernelsTests {
  @Test func instructionSetsOfOtherProcessorsAreRefused() {
    #if arch(x86_64)
      #expect(Kernels(instructionSet: .neon) == nil)
    #elseif arch(arm64)
      #expect(Kernels(instructionSet: .avx2) == nil)
      #expect(Kernels(instructionSet: .avx512) == nil)
      #expect(InstructionSet.best == .neon)
    #endif
    #expect(Kernels(instructionSet: .best) != nil)
  }

  @Test func matMulWeightsArePackedIntoPanels() {
    let (columns, depth) = (18, 3)
    let weights = (0..<columns * depth).map { Float($0 + 1) }
    #expect(packedMatMulWeightCount(columns: columns, depth: depth) == 96)
    var packed = [Float](repeating: .nan, count: 96)
    var span = packed.mutableSpan
    packMatMulWeights(weights.span, columns: columns, depth: depth, into: &span)
    for position in 0..<96 {
      let (panel, index, lane) = (position / 48, position % 48 / 16, position % 16)
      let column = panel * 16 + lane
      let expected: Float = column < columns ? weights[column * depth + index] : 0
      #expect(packed[position] == expected, "panel \(panel) index \(index) lane \(lane)")
    }
  }

  @Test func depthwiseWeightsAndBiasesArePaddedWithZeros() {
    var packed = [Float](repeating: .nan, count: packedDepthwiseWeightCount(channels: 3, taps: 2))
    var span = packed.mutableSpan
    packDepthwiseWeights([1, 2, 3, 4, 5, 6].span, channels: 3, taps: 2, into: &span)
    let padding = [Float](repeating: 0, count: 13)
    #expect(packed == [1, 3, 5] + padding + [2, 4, 6] + padding)

    var bias = [Float](repeating: .nan, count: paddedToPanel(3))
    var biasSpan = bias.mutableSpan
    packBias([7, 8, 9].span, into: &biasSpan)
    #expect(bias == [7, 8, 9] + padding)
  }
}
