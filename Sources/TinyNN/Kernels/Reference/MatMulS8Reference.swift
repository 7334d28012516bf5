public import CTinyNN

/// The int8 matrix multiplication that all kernels must equal bit for bit.
@unsafe
public func referenceMatMulS8(_ m: TinyNNMatMulS8) {
  let rows = unsafe Int(m.rows), columns = unsafe Int(m.columns), stride = unsafe Int(m.outputStride)
  let taps = unsafe Int(m.taps), channels = unsafe Int(m.channels)
  let panel = Int(TINYNN_PANEL_COLUMNS)
  for row in 0..<rows {
    for column in 0..<columns {
      // In bounds by the layout of the operands, for which the caller answers.
      var weight = unsafe m.weights + (column / panel * taps * channels * panel + column % panel * 4)
      var sum = unsafe m.bias[column]
      for tap in 0..<taps {
        let x = unsafe sourceRow(m, row * taps + tap)
        for channel in 0..<channels {
          unsafe sum = sum &+ Int32(x[channel]) &* Int32(weight[channel % 4])
          if channel % 4 == 3 { unsafe weight += panel * 4 }
        }
      }
      unsafe m.output[row * stride + column] = quantized(
        nearestFloat(sum) * m.multipliers[column], zeroPoint: m.outputZeroPoint, minimum: m.minimum, maximum: m.maximum)
    }
  }
}

@unsafe
private func sourceRow(_ m: TinyNNMatMulS8, _ index: Int) -> UnsafePointer<Int8> {
  guard let offsets = unsafe m.offsets else { return unsafe m.input + index * Int(m.channels) }
  let offset = unsafe Int(offsets[index])
  return unsafe offset < 0 ? m.padding : m.input + offset
}
