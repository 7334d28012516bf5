import Testing
import TinyNN

@Suite struct PackingTests {
  @Test func matMulWeightsArePackedIntoPanels() {
    let (columns, depth) = (18, 3)
    let weights = (0..<columns * depth).map { Float($0 + 1) }
    let packing = PanelPacking(columns: columns, depth: depth)
    #expect(packing.weightCount == 96 && packing.biasCount == 32)
    let packed = packed(weights, Shape(columns, depth), input: 1, of: Dense(), count: 96)
    for position in 0..<96 {
      let (panel, index, lane) = (position / 48, position % 48 / 16, position % 16)
      let column = panel * 16 + lane
      let expected: Float = column < columns ? weights[column * depth + index] : 0
      #expect(packed[position] == expected, "panel \(panel) index \(index) lane \(lane)")
    }
  }

  @Test func int8MatMulWeightsArePackedInGroupsOfFour() {
    let (columns, depth) = (18, 10)
    let weights = (0..<columns * depth).map { Int8($0 % 127 + 1) }
    let count = Int8PanelPacking(columns: columns, depth: depth).weightCount
    #expect(count == 2 * 16 * 12)
    let packed = packed(weights, Shape(columns, depth), input: 1, of: Dense(), count: count)
    for position in 0..<count {
      let (panel, group, lane, part) = (position / 192, position % 192 / 64, position % 64 / 4, position % 4)
      let (column, index) = (panel * 16 + lane, group * 4 + part)
      let expected = column < columns && index < depth ? weights[column * depth + index] : 0
      #expect(packed[position] == expected, "panel \(panel) group \(group) lane \(lane) part \(part)")
    }
  }

  @Test func depthwiseWeightsAndBiasesArePaddedWithZeros() {
    let depthwise = DepthwiseConvolution(window: Window(height: 2, width: 1)), padding = [Float](repeating: 0, count: 13)
    let packedWeights = packed([1, 3, 5, 2, 4, 6] as [Float], Shape(2, 1, 3), input: 1, of: depthwise, count: 32)
    #expect(packedWeights == [1, 3, 5] + padding + [2, 4, 6] + padding)
    #expect(packedChannels([7, 8, 9]) == [7, 8, 9] + padding)
    let bytes = packed([1, 3, 5, 2, 4, 6] as [Int8], Shape(2, 1, 3), input: 1, of: depthwise, count: 32)
    #expect(bytes == packedWeights.map { Int8($0) })
  }
}
