extension Quantization {
  /// The map that covers `[minimum, maximum]`, widened to include 0, which is always exact (padding is zeros; Jacob et al.
  /// 2018, section 3). A range of one point maps to scale 1. Values must be finite.
  public init(minimum: Float, maximum: Float) {
    let low = min(0, minimum), high = max(0, maximum)
    let range = Double(high) - Double(low)
    let scale = Float(range / 255)
    guard scale >= .leastNormalMagnitude, scale.isFinite else {
      self.init(scale: 1, zeroPoint: 0)
      return
    }
    self.init(scale: scale, zeroPoint: Int32(max(-128, min(127, (-128 - low / scale).rounded(.toNearestOrEven)))))
  }

  /// The real values that int8 reaches.
  public var range: ClosedRange<Float> { dequantize(-128)...dequantize(127) }
}
