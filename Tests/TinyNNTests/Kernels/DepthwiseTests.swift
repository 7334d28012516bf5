import Testing
import TinyNN

@Suite struct DepthwiseTests {
  @Test(arguments: availableInstructionSets)
  func equalsReferenceBitForBit(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 5)
    for _ in 0..<500 {
      let testCase = DepthwiseCase(using: &random)
      let first = Int.random(in: 0..<testCase.outputHeight, using: &random)
      let rows = first..<Int.random(in: (first + 1)...testCase.outputHeight, using: &random)
      let difference = firstDifference(
        expected: testCase.output(reference, rows: rows), actual: testCase.output(kernels, rows: rows))
      if let difference {
        Issue.record("\(instructionSet): \(testCase) rows \(rows): \(difference)")
        return
      }
    }
  }

  @Test func referenceLeavesOutTapsOutsideTheImage() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 6)
    var testCase = DepthwiseCase(using: &random)
    (testCase.inputHeight, testCase.inputWidth) = (2, 2)
    testCase.channels = 1
    (testCase.kernelHeight, testCase.kernelWidth) = (3, 3)
    (testCase.strideY, testCase.strideX) = (1, 1)
    (testCase.dilationY, testCase.dilationX) = (1, 1)
    (testCase.padTop, testCase.padLeft) = (1, 1)
    (testCase.outputHeight, testCase.outputWidth) = (2, 3)
    (testCase.minimum, testCase.maximum) = (-.infinity, 1000)
    testCase.input = [1, 2, 3, 4]
    testCase.weights = [1, 2, 3, 10, 20, 30, 100, 200, 300]
    testCase.bias = [0.5]
    let expected: [Float] = [
      1000, 1000, 0.5 + 2 * 10 + 4 * 100,
      0.5 + 1 * 2 + 2 * 3 + 3 * 20 + 4 * 30, 0.5 + 1 * 1 + 2 * 2 + 3 * 10 + 4 * 20, 0.5 + 2 * 1 + 4 * 10,
    ]
    let difference = firstDifference(expected: expected, actual: testCase.output(reference, rows: 0..<2))
    #expect(difference == nil)
  }
}
