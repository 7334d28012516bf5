import CTinyNN
import TinyNN

extension SeededGenerator {
  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// Values of `lowest`...127, every third one extreme.
  mutating func bytes(_ count: Int, from lowest: Int8) -> [Int8] {
    (0..<count).map { _ in
      pick(0...2) > 0 ? Int8.random(in: lowest...127, using: &self) : pick(0...1) > 0 ? lowest : 127
    }
  }

  mutating func biases(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(pick(-100_000...100_000)) } }

  /// Mostly such that sums spread over the output's range; some leave it, and a half gives ties.
  mutating func multipliers(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      switch pick(0...9) {
      case 0: 0.5
      case 1: 1e6
      case 2: 3e37
      default: Float(pick(1...1000)) * 1e-6
      }
    }
  }

  /// A zero point, often an extreme one, and bounds of an output.
  mutating func outputRange() -> (zeroPoint: Int32, minimum: Int32, maximum: Int32) {
    let zeroPoint = [-128, 127, pick(-128...127), pick(-128...127)].randomElement(using: &self)!
    let minimum = pick(0...1) > 0 ? -128 : pick(-128...127)
    return (Int32(zeroPoint), Int32(minimum), Int32(pick(0...1) > 0 ? 127 : pick(minimum...127)))
  }
}

/// The value that int8 outputs hold before a kernel runs.
private let untouchedByte: Int8 = 0x55

/// One int8 matrix multiplication with all its memory.
struct MatMulS8Case: CustomStringConvertible {
  var rows, taps, channels, columns, outputStride: Int
  var range: (zeroPoint: Int32, minimum: Int32, maximum: Int32)
  var inputZeroPoint: Int8
  var input: [Int8]
  /// nil: contiguous rows.
  var offsets: [Int32]?
  /// [columns][taps][channels].
  var weights: [Int8]
  var bias: [Int32]
  var multipliers: [Float]

  var description: String {
    """
    rows \(rows) taps \(taps) channels \(channels) columns \(columns) outputStride \(outputStride) \
    range \(range) \(offsets == nil ? "contiguous" : "indirect")
    """
  }

  /// `channels` is a multiple of 4.
  init(rows: Int, taps: Int, channels: Int, columns: Int, contiguous: Bool, using random: inout SeededGenerator) {
    self.rows = rows
    self.taps = taps
    self.channels = channels
    self.columns = columns
    outputStride = columns + random.pick(0...3)
    range = random.outputRange()
    inputZeroPoint = Int8(random.pick(-128...127))
    input = random.bytes(rows * taps * channels, from: -128)
    let lastStart = input.count - channels
    offsets = contiguous ? nil : (0..<rows * taps).map { _ in random.pick(0...4) == 0 ? -1 : Int32(random.pick(0...lastStart)) }
    weights = random.bytes(columns * taps * channels, from: -127)
    bias = random.biases(columns)
    multipliers = random.multipliers(columns)
  }

  /// The bias that the kernels take: less the input's zero point times the sum of the column's weights.
  private var biasForZeroPoint: [Int32] {
    let depth = taps * channels
    return bias.enumerated().map { column, value in
      value - Int32(inputZeroPoint) * weights[column * depth..<(column + 1) * depth].reduce(0) { $0 + Int32($1) }
    }
  }

  /// The output buffer after `kernels` ran, `untouchedByte` where nothing was written.
  func output(_ kernels: Kernels) -> [Int8] {
    var output = [Int8](repeating: untouchedByte, count: rows * outputStride)
    // The arrays are alive during the call and as long as the shapes say.
    withOperands(input, &output) { unsafe kernels.matMulS8($0) }
    return output
  }

  /// Calls `body` with the operands, of this input and output; they live until it returns.
  func withOperands<Result>(_ input: [Int8], _ output: inout [Int8], _ body: (TinyNNMatMulS8) -> Result) -> Result {
    let depth = taps * channels
    let packedWeights = packed(
      weights, Shape(columns, depth), input: 1, of: Dense(), count: Int8PanelPacking(columns: columns, depth: depth).weightCount)
    let packedBias = packedChannels(biasForZeroPoint), packedMultipliers = packedChannels(multipliers)
    let padding = [Int8](repeating: inputZeroPoint, count: channels)
    // The arrays are alive during the call and as long as the shapes say.
    return unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe (offsets ?? []).withUnsafeBufferPointer { indirect in
        unsafe withBases(input, packedWeights, padding) { input, weights, padding in
          unsafe withBases(packedBias, packedMultipliers) { bias, multipliers in
            unsafe body(
              TinyNNMatMulS8(
                input: input, offsets: offsets == nil ? nil : indirect.baseAddress!, rows: Int32(rows), taps: Int32(taps),
                channels: Int32(channels), tapStride: 0, padding: padding, weights: weights, bias: bias,
                multipliers: multipliers, output: output.baseAddress!, outputStride: Int32(outputStride),
                columns: Int32(columns), outputZeroPoint: range.zeroPoint, minimum: range.minimum, maximum: range.maximum))
          }
        }
      }
    }
  }
}

/// One int8 depthwise convolution with all its memory; shapes, strides and padding are those of a `DepthwiseCase`.
struct DepthwiseS8Case: CustomStringConvertible {
  var shape: DepthwiseCase
  var range: (zeroPoint: Int32, minimum: Int32, maximum: Int32)
  var inputZeroPoint: Int32
  var input: [Int8]
  /// [kernelHeight * kernelWidth][channels].
  var weights: [Int8]
  var bias: [Int32]
  var multipliers: [Float]

  var description: String { "\(shape) input zero point \(inputZeroPoint) range \(range)" }

  init(using random: inout SeededGenerator) {
    shape = DepthwiseCase(using: &random)
    if random.pick(0...1) > 0 { shape.strideY = shape.strideX }
    shape.outputHeight = min(shape.outputHeight, (shape.inputHeight + shape.padTop) / shape.strideY + 1)
    range = random.outputRange()
    inputZeroPoint = Int32(random.pick(-128...127))
    input = random.bytes(shape.inputHeight * shape.inputWidth * shape.channels, from: -128)
    weights = random.bytes(shape.channels * shape.kernelHeight * shape.kernelWidth, from: -127)
    bias = random.biases(shape.channels)
    multipliers = random.multipliers(shape.channels)
  }

  /// The output buffer after `kernels` computed `rows`, `untouchedByte` where nothing was written.
  func output(_ kernels: Kernels, rows: Range<Int>) -> [Int8] {
    let packedWeights = shape.packedTaps(weights), packedBias = packedChannels(bias)
    let packedMultipliers = packedChannels(multipliers)
    var output = [Int8](repeating: untouchedByte, count: shape.outputHeight * shape.outputWidth * shape.channels)
    // The arrays are alive during the call and as long as the shapes say.
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe withBases(input, packedWeights, []) { input, weights, _ in
        unsafe withBases(packedBias, packedMultipliers) { bias, multipliers in
          unsafe kernels.depthwiseS8(
            TinyNNDepthwiseS8(
              input: input, inputHeight: Int32(shape.inputHeight), inputWidth: Int32(shape.inputWidth),
              channels: Int32(shape.channels), inputZeroPoint: inputZeroPoint, weights: weights, bias: bias,
              multipliers: multipliers, kernelHeight: Int32(shape.kernelHeight), kernelWidth: Int32(shape.kernelWidth),
              strideY: Int32(shape.strideY), strideX: Int32(shape.strideX), dilationY: Int32(shape.dilationY),
              dilationX: Int32(shape.dilationX), padTop: Int32(shape.padTop), padLeft: Int32(shape.padLeft),
              output: output.baseAddress!, outputWidth: Int32(shape.outputWidth), firstRow: Int32(rows.lowerBound),
              endRow: Int32(rows.upperBound), outputZeroPoint: range.zeroPoint, minimum: range.minimum,
              maximum: range.maximum))
        }
      }
    }
    return output
  }
}

/// One int8 sum.
struct AddS8Case: CustomStringConvertible {
  var a, b: [Int8]
  var zeroA, zeroB: Int32
  var scaleA, scaleB: Float
  var range: (zeroPoint: Int32, minimum: Int32, maximum: Int32)

  var description: String { "count \(a.count) zeros \(zeroA), \(zeroB) scales \(scaleA), \(scaleB) range \(range)" }

  init(count: Int, using random: inout SeededGenerator) {
    (a, b) = (random.bytes(count, from: -128), random.bytes(count, from: -128))
    (zeroA, zeroB) = (Int32(random.pick(-128...127)), Int32(random.pick(-128...127)))
    (scaleA, scaleB) = (Float(random.pick(1...4000)) / 1024, Float(random.pick(1...4000)) * 1e-3)
    range = random.outputRange()
  }

  /// The sum, written over the first operand.
  func output(_ kernels: Kernels) -> [Int8] {
    var output = a
    // The arrays are alive during the call and of the same length.
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe b.withUnsafeBufferPointer { b in
        unsafe kernels.addS8(
          TinyNNAddS8(
            a: UnsafePointer(output.baseAddress!), b: b.baseAddress!, output: output.baseAddress!, count: Int32(output.count),
            zeroA: zeroA, zeroB: zeroB, zeroOutput: range.zeroPoint, scaleA: scaleA, scaleB: scaleB,
            minimum: range.minimum, maximum: range.maximum))
      }
    }
    return output
  }
}

extension AddS8Case {
  /// The product, scaled by `scaleB` / 64, written over the first operand.
  func product(_ kernels: Kernels) -> [Int8] {
    var output = a
    // The arrays are alive during the call and of the same length.
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe b.withUnsafeBufferPointer { b in
        unsafe kernels.multiplyS8(
          TinyNNMultiplyS8(
            a: UnsafePointer(output.baseAddress!), b: b.baseAddress!, output: output.baseAddress!, count: Int32(output.count),
            zeroA: zeroA, zeroB: zeroB, zeroOutput: range.zeroPoint, scale: scaleB / 64,
            minimum: range.minimum, maximum: range.maximum))
      }
    }
    return output
  }
}

private func withBases<Result>(
  _ a: [Int8], _ b: [Int8], _ c: [Int8], _ body: (UnsafePointer<Int8>, UnsafePointer<Int8>, UnsafePointer<Int8>) -> Result
) -> Result {
  // An array that the kernel does not read may be empty; it stands behind `a` then.
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      unsafe c.withUnsafeBufferPointer { c in
        unsafe body(a.baseAddress!, b.baseAddress!, c.baseAddress ?? a.baseAddress!)
      }
    }
  }
}

private func withBases<Result>(
  _ a: [Int32], _ b: [Float], _ body: (UnsafePointer<Int32>, UnsafePointer<Float>) -> Result
) -> Result {
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in unsafe body(a.baseAddress!, b.baseAddress!) }
  }
}

/// The first element that differs, as text, or nil.
func firstDifference(expected: [Int8], actual: [Int8]) -> String? {
  for index in expected.indices where expected[index] != actual[index] {
    return "element \(index): expected \(expected[index]), got \(actual[index])"
  }
  return nil
}
