import CTinyNN
import Testing
import TinyNN

/// One int8 convolution with all its memory, as `TinyNNConvolveS8` takes it.
private struct ConvolveS8Case: CustomStringConvertible {
  var inputHeight, inputWidth, channels, columns: Int
  var kernelHeight, kernelWidth, strideY, strideX, padTop, padLeft: Int
  var outputHeight, outputWidth: Int
  /// Of the output, row by row.
  var pixels: Range<Int>
  /// Its rows are the windows of all output pixels, each a patch.
  var patches: MatMulS8Case
  var image: [Int8]

  var description: String {
    """
    image \(inputHeight)x\(inputWidth)x\(channels) kernel \(kernelHeight)x\(kernelWidth) stride \(strideY),\(strideX) \
    pad \(padTop),\(padLeft) output \(outputHeight)x\(outputWidth)x\(columns) pixels \(pixels)
    """
  }

  init(side: Int, using random: inout SeededGenerator) {
    inputHeight = random.pick(1...side)
    inputWidth = random.pick(1...side)
    channels = random.pick(0...3) > 0 ? 4 * random.pick(1...12) : random.pick(1...9)
    columns = random.pick(1...50)
    kernelHeight = random.pick(1...5)
    kernelWidth = random.pick(0...1) > 0 ? kernelHeight : random.pick(1...7)
    (strideY, strideX) = (random.pick(1...3), random.pick(1...3))
    (padTop, padLeft) = (random.pick(0...kernelHeight + 1), random.pick(0...kernelWidth + 1))
    outputHeight = random.pick(1...(inputHeight - 1 + padTop) / strideY + 1)
    outputWidth = random.pick(1...(inputWidth - 1 + padLeft) / strideX + 1)
    let count = outputHeight * outputWidth
    let first = random.pick(0...count - 1)
    pixels = random.pick(0...1) > 0 ? 0..<count : first..<random.pick(first + 1...count)
    image = random.bytes(inputHeight * inputWidth * channels, from: -128)
    let taps = kernelHeight * kernelWidth, depth = (taps * channels + 3) & ~3
    patches = MatMulS8Case(rows: pixels.count, taps: 1, channels: depth, columns: columns, contiguous: true, using: &random)
    for column in 0..<columns { for i in taps * channels..<depth { patches.weights[column * depth + i] = 0 } }
    for row in 0..<pixels.count {
      let (y, x) = ((pixels.lowerBound + row) / outputWidth, (pixels.lowerBound + row) % outputWidth)
      for tap in 0..<taps {
        let (iy, ix) = (y * strideY - padTop + tap / kernelWidth, x * strideX - padLeft + tap % kernelWidth)
        let isInside = iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth
        for channel in 0..<channels {
          patches.input[row * depth + tap * channels + channel] =
            isInside ? image[(iy * inputWidth + ix) * channels + channel] : patches.inputZeroPoint
        }
      }
    }
  }

  /// The output buffer after `kernels` ran, or nil where they refuse.
  func output(_ kernels: Kernels) -> [Int8]? {
    var output = [Int8](repeating: 0x55, count: pixels.count * patches.outputStride)
    let ran = patches.withOperands(image, &output) { product in
      var product = unsafe product
      unsafe product.taps = Int32(kernelHeight * kernelWidth)
      unsafe product.channels = Int32(channels)
      // The arrays are alive during the call and as long as the shapes say.
      return unsafe kernels.convolveS8(
        TinyNNConvolveS8(
          product: product, inputHeight: Int32(inputHeight), inputWidth: Int32(inputWidth),
          inputZeroPoint: Int32(patches.inputZeroPoint), kernelHeight: Int32(kernelHeight), kernelWidth: Int32(kernelWidth),
          strideY: Int32(strideY), strideX: Int32(strideX), padTop: Int32(padTop), padLeft: Int32(padLeft),
          outputWidth: Int32(outputWidth), firstPixel: Int32(pixels.lowerBound)))
    }
    return ran ? output : nil
  }
}

@Suite struct ConvolveS8Tests {
  /// The bits of the reference on patches; a refusal writes nothing, and is rare.
  @Test(arguments: availableInstructionSets)
  func equalsTheReferenceOnPatches(instructionSet: InstructionSet) throws {
    let reference = try #require(Kernels(instructionSet: .reference))
    let kernels = try #require(Kernels(instructionSet: instructionSet))
    var random = SeededGenerator(seed: 21), refused = 0
    let count = 80
    for index in 0..<count {
      let testCase = ConvolveS8Case(side: index % 20 == 0 ? 40 : 12, using: &random)
      guard let actual = testCase.output(kernels) else {
        refused += 1
        continue
      }
      if let difference = firstDifference(expected: testCase.patches.output(reference), actual: actual) {
        Issue.record("\(instructionSet): \(testCase): \(difference)")
        return
      }
    }
    let hasKernel = instructionSet != .reference
    #expect(hasKernel ? refused < count / 3 : refused == count, "\(instructionSet): \(refused) of \(count) refused")
  }
}
