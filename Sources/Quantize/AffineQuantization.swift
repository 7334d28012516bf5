/// An affine map between real values and int8: real = scale (q - zeroPoint), for activations.
public struct AffineQuantization: Equatable, Sendable {
  public let scale: Float
  /// -128 ... 127; the int8 value of real 0, which is always exact (padding is zeros).
  public let zeroPoint: Int32

  /// The map that covers `[minimum, maximum]`, widened to include 0 (Jacob et al. 2018, section 3). A range of one point maps
  /// to scale 1. Values must be finite.
  public init(minimum: Float, maximum: Float) {
    let low = min(0, minimum), high = max(0, maximum)
    let range = high - low
    guard range > 0 else {
      scale = 1
      zeroPoint = 0
      return
    }
    scale = range / 255
    zeroPoint = Int32(max(-128, min(127, (-128 - low / scale).rounded(.toNearestOrEven))))
  }

  public func quantize(_ value: Float) -> Int8 {
    let q = (value / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    return Int8(max(-128, min(127, q)))
  }

  public func dequantize(_ value: Int8) -> Float { scale * Float(Int32(value) - zeroPoint) }
}
