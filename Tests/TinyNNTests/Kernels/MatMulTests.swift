import OpenBLASBackend
import Testing
import TinyNN

@Suite struct MatMulTests {
  static let shapes: [(rows: Int, taps: Int, channels: Int, columns: Int)] = {
    var random = SeededGenerator(seed: 1)
    let awkward = (0..<250).map { _ in
      (
        rows: Int.random(in: 1...13, using: &random), taps: Int.random(in: 1...9, using: &random),
        channels: Int.random(in: 1...40, using: &random), columns: Int.random(in: 1...50, using: &random)
      )
    }
    let everyTile = (1...20).flatMap { rows in [1, 15, 16, 17, 33, 64, 65, 144].map { (rows, 2, 7, $0) } }
    return awkward + everyTile
  }()

  @Test(arguments: availableInstructionSets)
  func equalsReferenceBitForBit(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 2)
    for shape in Self.shapes {
      for contiguous in [true, false] {
        let testCase = MatMulCase(
          rows: shape.rows, taps: shape.taps, channels: shape.channels, columns: shape.columns, contiguous: contiguous,
          using: &random)
        let difference = firstDifference(expected: testCase.output(reference), actual: testCase.output(kernels))
        if let difference {
          Issue.record("\(instructionSet): \(testCase): \(difference)")
          return
        }
      }
    }
  }

  @Test func referenceEqualsTheDefinition() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 3)
    var testCase = MatMulCase(rows: 5, taps: 3, channels: 4, columns: 19, contiguous: false, using: &random)
    (testCase.minimum, testCase.maximum) = (-3, 3)
    var expected = [Float](repeating: untouched, count: testCase.rows * testCase.outputStride)
    for row in 0..<5 {
      for column in 0..<19 {
        var sum = testCase.bias[column]
        for index in 0..<12 {
          let offset = Int(testCase.offsets![row * 3 + index / 4])
          let x = offset < 0 ? 0 : testCase.input[offset + index % 4]
          sum = Float(Double(x) * Double(testCase.weights[column * 12 + index]) + Double(sum))
        }
        expected[row * testCase.outputStride + column] = sum < -3 ? -3 : (sum > 3 ? 3 : sum)
      }
    }
    let difference = firstDifference(expected: expected, actual: testCase.output(reference))
    #expect(difference == nil, "\(testCase)")
  }

  @Test func openBLASIsCloseToReference() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 4)
    for shape in Self.shapes.prefix(200) {
      for contiguous in [true, false] {
        let testCase = MatMulCase(
          rows: shape.rows, taps: shape.taps, channels: shape.channels, columns: shape.columns, contiguous: contiguous,
          using: &random)
        let expected = testCase.output(reference)
        // One backend per case: its weights may lie where those of the case before lay.
        let backend = try #require(OpenBLASBackend(), "OpenBLAS is not installed: make deps")
        let actual = withExtendedLifetime(backend) { testCase.output(backend.kernels()) }
        for (index, (e, a)) in zip(expected, actual).enumerated() {
          let bothUntouched = e.bitPattern == untouched.bitPattern && a.bitPattern == untouched.bitPattern
          #expect(bothUntouched || abs(e - a) <= 1e-3, "\(testCase): element \(index): expected \(e), got \(a)")
        }
      }
    }
  }
}
