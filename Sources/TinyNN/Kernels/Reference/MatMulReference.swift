public import CTinyNN

/// The matrix multiplication that all kernels must equal bit for bit.
@unsafe
public func referenceMatMul(_ m: TinyNNMatMulF32) {
  let rows = unsafe Int(m.rows), columns = unsafe Int(m.columns), stride = unsafe Int(m.outputStride)
  let taps = unsafe Int(m.taps), channels = unsafe Int(m.channels)
  let panel = Int(TINYNN_PANEL_COLUMNS)
  for row in 0..<rows {
    for column in 0..<columns {
      // In bounds by the layout of the operands, for which the caller answers.
      var weight = unsafe m.weights + (column / panel * taps * channels * panel + column % panel)
      var sum = unsafe m.bias[column]
      for tap in 0..<taps {
        let x = unsafe sourceRow(m, row * taps + tap)
        for channel in 0..<channels {
          unsafe sum.addProduct(x[channel], weight.pointee)
          unsafe weight += panel
        }
      }
      unsafe m.output[row * stride + column] = clamp(sum, m.minimum, m.maximum)
    }
  }
}

@unsafe
private func sourceRow(_ m: TinyNNMatMulF32, _ index: Int) -> UnsafePointer<Float> {
  guard let offsets = unsafe m.offsets else { return unsafe m.input + index * Int(m.channels) }
  let offset = unsafe Int(offsets[index])
  return unsafe offset < 0 ? m.zeros : m.input + offset
}

@inline(always)
func clamp(_ value: Float, _ minimum: Float, _ maximum: Float) -> Float {
  value < minimum ? minimum : (value > maximum ? maximum : value)
}
