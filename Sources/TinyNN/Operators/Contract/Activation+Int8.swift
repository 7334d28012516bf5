extension Activation {
  /// The clamp of results with this map. Precondition: `isClampOrNone`.
  func bounds(in quantization: Quantization) -> QuantizedBounds {
    let (low, high) = (Int32(quantization.quantize(minimum)), Int32(quantization.quantize(maximum)))
    return QuantizedBounds(zeroPoint: quantization.zeroPoint, minimum: low, maximum: high < low ? low : high)
  }
}
