/// An affine map between real values and int8, one per tensor: real = scale (q - zeroPoint).
public struct Quantization: Equatable, Sendable {
  /// Finite and positive.
  public var scale: Float
  /// -128 ... 127, the int8 value of real 0.
  public var zeroPoint: Int32

  public init(scale: Float, zeroPoint: Int32) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  public var isValid: Bool { scale > 0 && scale.isFinite && zeroPoint >= -128 && zeroPoint <= 127 }

  public static func == (a: Quantization, b: Quantization) -> Bool { a.scale == b.scale && a.zeroPoint == b.zeroPoint }
}

/// Where int8 results go: the zero point of the output and the bounds that its activation leaves.
struct QuantizedBounds {
  let zeroPoint: Int32
  let minimum: Int32
  let maximum: Int32
}
