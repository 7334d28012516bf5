/// Elementary functions with the same bits on every machine, for the modules above the runtime.
public enum ElementaryMath {
  /// e to the power `x`, relative error at most 2e-7; 0 below -87.33.
  public static func exp(_ x: Float) -> Float { exponential(x) }

  /// The natural logarithm of `x`, relative error at most 2e-7 away from 1 and absolute error at most 1e-7 near it.
  /// `x` is a positive normal number.
  ///
  /// x = 2^e * m with m in [sqrt(1/2), sqrt(2)), and a polynomial in m - 1 (coefficients of Cephes' logf).
  public static func log(_ x: Float) -> Float {
    var exponent = Int32(bitPattern: x.bitPattern &>> 23) &- 126
    var m = Float(bitPattern: (x.bitPattern & 0x007F_FFFF) | 0x3F00_0000)
    if m < 0.70710678 {
      exponent = exponent &- 1
      m = m + m
    }
    let r = m - 1
    let z = r * r
    var p: Float = 7.0376836292e-2
    p = p * r - 1.1514610310e-1
    p = p * r + 1.1676998740e-1
    p = p * r - 1.2420140846e-1
    p = p * r + 1.4249322787e-1
    p = p * r - 1.6668057665e-1
    p = p * r + 2.0000714765e-1
    p = p * r - 2.4999993993e-1
    p = p * r + 3.3333331174e-1
    // 1.5 * 2^23 plus a small integer, by its bits: Embedded Swift for 32-bit targets converts integers through a generic path that
    // mentions arrays.
    let e = Float(bitPattern: 0x4B40_0000 &+ UInt32(bitPattern: exponent)) - 12_582_912
    var y = p * r * z
    y = y + e * -2.12194440e-4
    y = y - 0.5 * z
    return (r + y) + e * 0.693359375
  }
}
