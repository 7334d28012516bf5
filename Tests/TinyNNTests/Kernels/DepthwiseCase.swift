import CTinyNN
import TinyNN

/// One depthwise convolution with all its memory.
struct DepthwiseCase: CustomStringConvertible {
  var inputHeight, inputWidth, channels: Int
  var kernelHeight, kernelWidth: Int
  var strideY, strideX, dilationY, dilationX: Int
  var padTop, padLeft: Int
  var outputHeight, outputWidth: Int
  var minimum: Float, maximum: Float
  var input: [Float]
  /// [kernelHeight * kernelWidth][channels].
  var weights: [Float]
  var bias: [Float]

  var description: String {
    """
    input \(inputHeight)x\(inputWidth)x\(channels) kernel \(kernelHeight)x\(kernelWidth) stride \(strideY),\(strideX) \
    dilation \(dilationY),\(dilationX) pad \(padTop),\(padLeft) output \(outputHeight)x\(outputWidth) \
    clamp \(minimum)...\(maximum)
    """
  }

  /// A random shape; kernels of 3x3 and 5x5 without dilation are the most frequent ones.
  init(using random: inout SeededGenerator) {
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let usual = pick(0...2) > 0
    kernelHeight = usual ? [3, 5, 7].randomElement(using: &random)! : pick(1...7)
    kernelWidth = usual ? kernelHeight : pick(1...7)
    (strideY, strideX) = (pick(1...(usual ? 2 : 3)), pick(1...(usual ? 2 : 3)))
    (dilationY, dilationX) = usual ? (1, 1) : (pick(1...3), pick(1...3))
    (padTop, padLeft) = (pick(0...(kernelHeight - 1) * dilationY), pick(0...(kernelWidth - 1) * dilationX))
    inputHeight = pick(1...12)
    inputWidth = pick(1...16)
    channels = pick(1...70)
    // Bottom and right padding are whatever these sizes need, up to windows that lie outside entirely.
    outputHeight = pick(1...(inputHeight + padTop) / strideY + 1)
    outputWidth = pick(1...(inputWidth + padLeft) / strideX + 1)
    (minimum, maximum) = random.bounds()
    input = random.values(inputHeight * inputWidth * channels)
    weights = random.values(channels * kernelHeight * kernelWidth)
    bias = random.values(channels)
  }

  /// Weights [kernelHeight * kernelWidth][channels] as the file holds them for the kernels.
  func packedTaps<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ weights: [Element]) -> [Element] {
    packed(
      weights, Shape(kernelHeight, kernelWidth, channels), input: 1,
      of: DepthwiseConvolution(window: Window(height: kernelHeight, width: kernelWidth)),
      count: kernelHeight * kernelWidth * PanelPacking.padded(channels))
  }

  /// The output buffer after `kernels` computed `rows`, `untouched` where nothing was written.
  func output(_ kernels: Kernels, rows: Range<Int>) -> [Float] {
    let packedWeights = packedTaps(weights), packedBias = packedChannels(bias)
    var output = [Float](repeating: untouched, count: outputHeight * outputWidth * channels)
    // The buffers are alive and as long as the shapes say.
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe input.withUnsafeBufferPointer { input in
        unsafe packedWeights.withUnsafeBufferPointer { weights in
          unsafe packedBias.withUnsafeBufferPointer { bias in
            unsafe kernels.depthwise(
              TinyNNDepthwiseF32(
                input: input.baseAddress!, inputHeight: Int32(inputHeight), inputWidth: Int32(inputWidth),
                channels: Int32(channels), weights: weights.baseAddress!, bias: bias.baseAddress!,
                kernelHeight: Int32(kernelHeight), kernelWidth: Int32(kernelWidth), strideY: Int32(strideY),
                strideX: Int32(strideX), dilationY: Int32(dilationY), dilationX: Int32(dilationX),
                padTop: Int32(padTop), padLeft: Int32(padLeft), output: output.baseAddress!,
                outputWidth: Int32(outputWidth), firstRow: Int32(rows.lowerBound), endRow: Int32(rows.upperBound),
                minimum: minimum, maximum: maximum))
          }
        }
      }
    }
    return output
  }
}
