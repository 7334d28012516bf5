import CTinyNN

/// `channels` rounded up to whole groups of four, in which int8 matrix multiplications read rows.
public func paddedToChannelGroup(_ channels: Int) -> Int { (channels + 3) / 4 * 4 }

/// Bytes of int8 matrix multiplication weights in the layout of `TinyNNMatMulS8.weights`.
public func packedMatMulS8WeightCount(columns: Int, taps: Int, channels: Int) -> Int {
  paddedToPanel(columns) * taps * paddedToChannelGroup(channels)
}

/// Packs weights [columns][taps][channels] into panels [ceil(columns / 16)][taps * channels / 4][16][4]; the channels of each
/// tap are padded with zeros to a multiple of 4, the last panel to 16 columns.
///
/// - Precondition: `packed` has at least `packedMatMulS8WeightCount(columns:taps:channels:)` elements.
public func packMatMulS8Weights(
  _ weights: Span<Int8>, columns: Int, taps: Int, channels: Int, into packed: inout MutableSpan<Int8>
) {
  let panel = Int(TINYNN_PANEL_COLUMNS)
  let paddedChannels = paddedToChannelGroup(channels)
  for column in 0..<paddedToPanel(columns) {
    let base = column / panel * taps * paddedChannels * panel + column % panel * 4
    for tap in 0..<taps {
      for channel in 0..<paddedChannels {
        let index = tap * paddedChannels + channel
        let inside = column < columns && channel < channels
        packed[base + index / 4 * panel * 4 + index % 4] = inside ? weights[(column * taps + tap) * channels + channel] : 0
      }
    }
  }
}

/// Writes `bias - inputZeroPoint * (sum of the column's weights)` for each column, as `TinyNNMatMulS8.bias` asks, padded with
/// zeros to `paddedToPanel(bias.count)` elements. Sums wrap.
///
/// - Precondition: `weights` is [bias.count][depth]; `packed` has at least `paddedToPanel(bias.count)` elements.
public func packMatMulS8Bias(
  _ bias: Span<Int32>, weights: Span<Int8>, depth: Int, inputZeroPoint: Int32, into packed: inout MutableSpan<Int32>
) {
  for column in 0..<paddedToPanel(bias.count) {
    guard column < bias.count else {
      packed[column] = 0
      continue
    }
    var sum: Int32 = 0
    for index in 0..<depth { sum = sum &+ Int32(weights[column * depth + index]) }
    packed[column] = bias[column] &- inputZeroPoint &* sum
  }
}

/// Packs depthwise weights [channels][taps] into [taps][channels rounded up to 16], padded with zeros.
///
/// - Precondition: `packed` has at least `packedDepthwiseWeightCount(channels:taps:)` elements.
public func packDepthwiseS8Weights(_ weights: Span<Int8>, channels: Int, taps: Int, into packed: inout MutableSpan<Int8>) {
  let padded = paddedToPanel(channels)
  for tap in 0..<taps {
    for channel in 0..<padded {
      packed[tap * padded + channel] = channel < channels ? weights[channel * taps + tap] : 0
    }
  }
}

/// Copies an int32 bias and pads it with zeros to `paddedToPanel(bias.count)` elements.
///
/// - Precondition: `packed` has at least that many elements.
public func packBias(_ bias: Span<Int32>, into packed: inout MutableSpan<Int32>) {
  for index in 0..<paddedToPanel(bias.count) {
    packed[index] = index < bias.count ? bias[index] : 0
  }
}
