public import CTinyNN

/// The int8 product that all kernels must equal bit for bit.
@unsafe
public func referenceMultiplyS8(_ s: TinyNNMultiplyS8) {
  for index in unsafe 0..<Int(s.count) {
    // In bounds by the layout of the operands, for which the caller answers.
    let a = unsafe smallFloat(Int32(s.a[index]) &- s.zeroA), b = unsafe smallFloat(Int32(s.b[index]) &- s.zeroB)
    unsafe s.output[index] = quantized(a * b * s.scale, zeroPoint: s.zeroOutput, minimum: s.minimum, maximum: s.maximum)
  }
}
