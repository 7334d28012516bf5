import CTinyNN
import Testing
import TinyNN

extension DepthwiseCase {
  /// Gradients of input and weights, added to what they were, or nil where they are not wanted.
  fileprivate func gradients(
    _ kernels: Kernels, of outputGradient: [Float], input before: [Float]?, weights weightsBefore: [Float]?
  ) -> [[Float]] {
    let packedWeights = packedTaps(weights)
    var (inputGradient, weightGradient) = (before ?? [], weightsBefore ?? [])
    // The arrays are alive during the call and as long as the shapes say.
    unsafe inputGradient.withUnsafeMutableBufferPointer { inputGradient in
      unsafe weightGradient.withUnsafeMutableBufferPointer { weightGradient in
        unsafe input.withUnsafeBufferPointer { input in
          unsafe packedWeights.withUnsafeBufferPointer { weights in
            unsafe outputGradient.withUnsafeBufferPointer { outputGradient in
              unsafe kernels.depthwiseGradient(
                TinyNNDepthwiseGradientF32(
                  input: input.baseAddress!, weights: weights.baseAddress!, outputGradient: outputGradient.baseAddress!,
                  inputGradient: before == nil ? nil : inputGradient.baseAddress!,
                  weightGradient: weightsBefore == nil ? nil : weightGradient.baseAddress!,
                  inputHeight: Int32(inputHeight), inputWidth: Int32(inputWidth), channels: Int32(channels),
                  outputHeight: Int32(outputHeight), outputWidth: Int32(outputWidth),
                  kernelHeight: Int32(kernelHeight), kernelWidth: Int32(kernelWidth), strideY: Int32(strideY),
                  strideX: Int32(strideX), dilationY: Int32(dilationY), dilationX: Int32(dilationX),
                  padTop: Int32(padTop), padLeft: Int32(padLeft)))
            }
          }
        }
      }
    }
    return [inputGradient, weightGradient]
  }
}

@Suite struct DepthwiseGradientTests {
  @Test(arguments: availableInstructionSets)
  func equalsReferenceBitForBit(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 31)
    for _ in 0..<200 {
      let testCase = DepthwiseCase(using: &random)
      let outputGradient = random.values(testCase.outputHeight * testCase.outputWidth * testCase.channels)
      let taps = testCase.kernelHeight * testCase.kernelWidth
      let input = Int.random(in: 0...3, using: &random) > 0 ? random.values(testCase.input.count) : nil
      let weights =
        Int.random(in: 0...3, using: &random) > 0 ? random.values(taps * PanelPacking.padded(testCase.channels)) : nil
      let expected = testCase.gradients(reference, of: outputGradient, input: input, weights: weights)
      let actual = testCase.gradients(kernels, of: outputGradient, input: input, weights: weights)
      for (name, (expected, actual)) in zip(["input", "weights"], zip(expected, actual)) {
        if let difference = firstDifference(expected: expected, actual: actual) {
          Issue.record("\(instructionSet): \(testCase): gradient of the \(name): \(difference)")
          return
        }
      }
    }
  }

  /// One output pixel, two channels: each tap's weight takes dY x, each pixel dY w.
  @Test func referenceIsTheProductRule() throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    var random = SeededGenerator(seed: 32)
    var testCase = DepthwiseCase(using: &random)
    (testCase.inputHeight, testCase.inputWidth, testCase.channels) = (1, 2, 2)
    (testCase.kernelHeight, testCase.kernelWidth) = (1, 3)
    (testCase.strideY, testCase.strideX, testCase.dilationY, testCase.dilationX) = (1, 1, 1, 1)
    (testCase.padTop, testCase.padLeft) = (0, 1)
    (testCase.outputHeight, testCase.outputWidth) = (1, 1)
    testCase.input = [1, 2, 3, 4]
    testCase.weights = [10, 20, 30, 40, 50, 60]
    let padded = [Float](repeating: 0, count: 3 * PanelPacking.padded(2))
    let gradients = testCase.gradients(reference, of: [2, 3], input: [1, 1, 1, 1], weights: padded)
    #expect(gradients[0] == [61, 121, 101, 181])
    let stride = PanelPacking.padded(2)
    let taps = (0..<3).map { tap in Array(gradients[1][tap * stride..<tap * stride + 2]) }
    let expected: [[Float]] = [[0, 0], [2, 6], [6, 12]]
    #expect(taps == expected)
  }
}
