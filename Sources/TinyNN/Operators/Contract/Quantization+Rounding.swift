extension Quantization {
  /// The nearest int8 value, ties to even, saturated; NaN becomes the lowest.
  @inline(__always) public func quantize(_ value: Float) -> Int8 {
    let steps = value / scale
    return quantized(steps == steps ? steps : -.infinity, zeroPoint: zeroPoint, minimum: -128, maximum: 127)
  }

  @inline(__always) public func dequantize(_ value: Int8) -> Float { scale * smallFloat(Int32(value) &- zeroPoint) }
}

extension Activation {
  /// The clamp of results with this map. Precondition: `isClampOrNone`.
  func bounds(in quantization: Quantization) -> QuantizedBounds {
    let (low, high) = (Int32(quantization.quantize(minimum)), Int32(quantization.quantize(maximum)))
    return QuantizedBounds(zeroPoint: quantization.zeroPoint, minimum: low, maximum: high < low ? low : high)
  }
}
