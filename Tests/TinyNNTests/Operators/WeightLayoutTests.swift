import ModelCompiler
import Testing

@testable import TinyNN

@Suite struct WeightLayoutTests {
  struct Case: CustomStringConvertible, Sendable {
    let form: WeightForm
    let extents: [Int]
    var shape: Shape { Shape(extents) }
    var description: String { "\(extents), groups \(form.groups), depthwise \(form.isDepthwise)" }
  }

  static let cases = [
    Case(form: WeightForm(), extents: [21, 7]),
    Case(form: WeightForm(window: Window(height: 3, width: 2), groups: 3), extents: [33, 3, 2, 5]),
    Case(form: WeightForm(window: Window(height: 3, width: 3), isDepthwise: true), extents: [3, 3, 19]),
  ]

  @Test("Row-major elements and channels agree", arguments: cases)
  func rowMajor(of test: Case) {
    let layout = WeightLayout(test.form, test.shape)
    var seen = Set<Int>()
    for channel in 0..<layout.channels {
      for k in 0..<layout.depth {
        let element = layout.element(k, of: channel)
        #expect(layout.channel(ofElement: element) == channel)
        seen.insert(element)
      }
    }
    #expect(seen == Set(0..<test.shape.count))
  }

  /// Packing moves element i to the place that `forEach` names for it; everything else is zero.
  @Test("Packed weights are where the layout says", arguments: cases, [false, true])
  func packed(of test: Case, isInt8: Bool) {
    let layout = WeightLayout(test.form, test.shape), size = isInt8 ? 1 : 4
    var source = [UInt8](repeating: 0, count: test.shape.count * size)
    for i in 0..<test.shape.count {
      if isInt8 { source[i] = UInt8(i % 255 + 1) } else { source.store(UInt32(i + 1), at: 4 * i) }
    }
    var packed = [UInt8](repeating: 0, count: (isInt8 ? layout.packedInt8Count : layout.packedFloatCount) * size)
    source.withRegion { region in
      var span = packed.mutableSpan
      var bytes = span.mutableBytes
      layout.packWeights(region, into: &bytes)
    }
    var expected = [UInt8](repeating: 0, count: packed.count)
    for channel in 0..<layout.channels {
      var k = 0
      layout.forEach(channel: channel) { float, int8 in
        let (from, to) = (layout.element(k, of: channel) * size, (isInt8 ? int8 : float) * size)
        for byte in 0..<size { expected[to + byte] = source[from + byte] }
        k += 1
      }
      #expect(k == layout.depth)
    }
    #expect(packed == expected)
    #expect(Set((0..<layout.channels).map(layout.place)).count == layout.channels)
    #expect((0..<layout.channels).allSatisfy { layout.place($0) < layout.packedChannelCount })
  }
}
