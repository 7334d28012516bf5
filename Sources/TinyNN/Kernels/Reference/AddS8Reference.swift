public import CTinyNN

/// The int8 sum that all kernels must equal bit for bit.
@unsafe
public func referenceAddS8(_ s: TinyNNAddS8) {
  for index in unsafe 0..<Int(s.count) {
    // In bounds by the layout of the operands, for which the caller answers.
    let a = unsafe smallFloat(Int32(s.a[index]) &- s.zeroA) * s.scaleA
    let b = unsafe smallFloat(Int32(s.b[index]) &- s.zeroB) * s.scaleB
    unsafe s.output[index] = quantized(a + b, zeroPoint: s.zeroOutput, minimum: s.minimum, maximum: s.maximum)
  }
}
