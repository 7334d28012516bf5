import CTinyNN
import TinyNN

/// One matrix multiplication with all its memory.
struct MatMulCase: CustomStringConvertible {
  var rows, taps, channels, columns: Int
  var outputStride: Int
  var minimum: Float, maximum: Float
  var input: [Float]
  /// nil: contiguous rows.
  var offsets: [Int32]?
  /// [columns][taps * channels].
  var weights: [Float]
  var bias: [Float]

  var description: String {
    """
    rows \(rows) taps \(taps) channels \(channels) columns \(columns) outputStride \(outputStride) \
    clamp \(minimum)...\(maximum) \(offsets == nil ? "contiguous" : "indirect")
    """
  }

  init(rows: Int, taps: Int, channels: Int, columns: Int, contiguous: Bool, using random: inout SeededGenerator) {
    self.rows = rows
    self.taps = taps
    self.channels = channels
    self.columns = columns
    outputStride = columns + Int.random(in: 0...3, using: &random)
    (minimum, maximum) = random.bounds()
    input = random.values(rows * taps * channels + 5)
    let lastStart = Int32(input.count - channels)
    offsets =
      contiguous
      ? nil
      : (0..<rows * taps).map { _ in
        Int32.random(in: 0..<5, using: &random) == 0 ? -1 : Int32.random(in: 0...lastStart, using: &random)
      }
    weights = random.values(columns * taps * channels)
    bias = random.values(columns)
  }

  /// The output buffer after `kernels` ran, `untouched` where nothing was written.
  func output(_ kernels: Kernels) -> [Float] {
    let depth = taps * channels, packedBias = packedChannels(bias)
    let packedWeights = packed(
      weights, Shape(columns, depth), input: 1, of: Dense(), count: PanelPacking(columns: columns, depth: depth).weightCount)
    let zeros = [Float](repeating: 0, count: channels)
    var output = [Float](repeating: untouched, count: rows * outputStride)
    // The buffers are alive and as long as the shapes say.
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe input.withUnsafeBufferPointer { input in
        unsafe packedWeights.withUnsafeBufferPointer { weights in
          unsafe packedBias.withUnsafeBufferPointer { bias in
            unsafe zeros.withUnsafeBufferPointer { zeros in
              unsafe (offsets ?? []).withUnsafeBufferPointer { indirect in
                unsafe kernels.matMul(
                  TinyNNMatMulF32(
                    input: input.baseAddress!, offsets: offsets == nil ? nil : indirect.baseAddress!,
                    rows: Int32(rows), taps: Int32(taps), channels: Int32(channels), zeros: zeros.baseAddress!,
                    weights: weights.baseAddress!, bias: bias.baseAddress!, output: output.baseAddress!,
                    outputStride: Int32(outputStride), columns: Int32(columns), minimum: minimum, maximum: maximum))
              }
            }
          }
        }
      }
    }
    return output
  }
}
