import CTinyNN

/// `count` rounded up to whole panels of columns: the length of packed biases.
public func paddedToPanel(_ count: Int) -> Int {
  let panel = Int(TINYNN_PANEL_COLUMNS)
  return (count + panel - 1) / panel * panel
}

/// Floats of matrix multiplication weights in the layout of `TinyNNMatMulF32.weights`; `depth` is taps x channels.
public func packedMatMulWeightCount(columns: Int, depth: Int) -> Int { paddedToPanel(columns) * depth }

/// Elements of depthwise weights in the layout of `TinyNNDepthwiseF32.weights` and `TinyNNDepthwiseS8.weights`.
public func packedDepthwiseWeightCount(channels: Int, taps: Int) -> Int { paddedToPanel(channels) * taps }

/// Packs weights [columns][depth] into panels [ceil(columns / 16)][depth][16], the last one padded with zeros.
///
/// - Precondition: `packed` has at least `packedMatMulWeightCount(columns:depth:)` elements.
public func packMatMulWeights(_ weights: Span<Float>, columns: Int, depth: Int, into packed: inout MutableSpan<Float>) {
  let panel = Int(TINYNN_PANEL_COLUMNS)
  for column in 0..<paddedToPanel(columns) {
    let base = column / panel * depth * panel + column % panel
    for index in 0..<depth {
      packed[base + index * panel] = column < columns ? weights[column * depth + index] : 0
    }
  }
}

/// Packs depthwise weights [channels][taps] into [taps][channels rounded up to 16], padded with zeros.
///
/// - Precondition: `packed` has at least `packedDepthwiseWeightCount(channels:taps:)` elements.
public func packDepthwiseWeights(_ weights: Span<Float>, channels: Int, taps: Int, into packed: inout MutableSpan<Float>) {
  let padded = paddedToPanel(channels)
  for tap in 0..<taps {
    for channel in 0..<padded {
      packed[tap * padded + channel] = channel < channels ? weights[channel * taps + tap] : 0
    }
  }
}

/// Copies a bias, or other values per channel, and pads it with zeros to `paddedToPanel(bias.count)` elements.
///
/// - Precondition: `packed` has at least that many elements.
public func packBias(_ bias: Span<Float>, into packed: inout MutableSpan<Float>) {
  for index in 0..<paddedToPanel(bias.count) {
    packed[index] = index < bias.count ? bias[index] : 0
  }
}
