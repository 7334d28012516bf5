/// Mean and deviation of pixels as somebody states them, on the scale of 0 to 255 that photos have here.
///
/// Recipes state them for values from 0 to 1 as often (0.485 and 0.229, 0.5 and 0.5). A deviation below 1, and a mean above 0 and
/// at most 1, are never meant for values from 0 to 255: what is stated is then 255 times as much.
public struct PixelNormalization: Equatable, Sendable {
  public let mean: SIMD3<Float>
  public let standardDeviation: SIMD3<Float>
  /// True if the stated values are those of pixels from 0 to 1.
  public let wasUnitScale: Bool

  /// One value is of pixels from 0 to 1 and the other of pixels from 0 to 255.
  public struct MixedScales: Error, Equatable, Sendable {
    /// Both as they are for values from 0 to 255.
    public let mean: SIMD3<Float>
    public let standardDeviation: SIMD3<Float>
  }

  /// What is left out is `defaults`, of values from 0 to 255; a deviation that is left out there, 1, goes with the scale of the
  /// mean. Precondition: deviations are above 0.
  public init(
    mean: SIMD3<Float>?, standardDeviation: SIMD3<Float>?,
    defaults: (mean: SIMD3<Float>, standardDeviation: SIMD3<Float>) = (SIMD3(repeating: 0), SIMD3(repeating: 1))
  ) throws(MixedScales) {
    let one = SIMD3<Float>(repeating: 1)
    let meanIsUnit = mean.map { $0 != SIMD3(repeating: 0) && $0.min() >= 0 && $0.max() <= 1 } ?? false
    let meanIsByte = mean.map { $0.max() > 1 } ?? false
    let deviationIsUnit = standardDeviation.map { $0 != one && $0.max() <= 1 } ?? false
    let deviationIsByte = standardDeviation.map { $0.max() > 2 } ?? false
    let isUnit = meanIsUnit || deviationIsUnit
    let stated = mean ?? defaults.mean
    let divisor = standardDeviation ?? (meanIsUnit && defaults.standardDeviation == one ? one : nil)
    if (meanIsUnit && deviationIsByte) || (meanIsByte && deviationIsUnit) {
      throw MixedScales(
        mean: meanIsUnit ? PixelNormalization.bytes(stated) : stated,
        standardDeviation: deviationIsUnit ? PixelNormalization.bytes(divisor ?? one) : divisor ?? one)
    }
    // A mean of 0 and a deviation of 1 are the same words on both scales.
    self.mean = isUnit && mean != nil ? PixelNormalization.bytes(stated) : stated
    self.standardDeviation = divisor.map { isUnit ? PixelNormalization.bytes($0) : $0 } ?? defaults.standardDeviation
    wasUnitScale = isUnit
  }

  /// 255 times the decimal numbers that were written: 0.224 becomes 57.12, and not 57.120003.
  private static func bytes(_ units: SIMD3<Float>) -> SIMD3<Float> {
    func bytes(_ unit: Float) -> Float { Float(255 * (Double("\(unit)") ?? Double(unit))) }
    return SIMD3(bytes(units.x), bytes(units.y), bytes(units.z))
  }
}
