// Integers and single precision, with the same bits on every machine.

/// 1.5 * 2^23: adding it to a value of magnitude up to 2^22 rounds to the nearest integer, ties to even, and leaves that
/// integer in the low bits of the pattern.
private let roundingConstant: Float = 12_582_912
private let roundingConstantBits: UInt32 = 0x4B40_0000

/// `value`, of magnitude up to 2^22, exactly.
///
/// By its bits: Embedded Swift for 32-bit targets converts integers through a generic path that mentions arrays.
@inline(__always) func smallFloat(_ value: Int32) -> Float {
  Float(bitPattern: roundingConstantBits &+ UInt32(bitPattern: value)) - roundingConstant
}

/// The single precision number nearest to `value`, ties to even.
@inline(__always) func nearestFloat(_ value: Int32) -> Float {
  // Both halves are exact, so the sum is the only rounding.
  smallFloat(value &>> 16) * 65536 + smallFloat(value & 0xFFFF)
}

/// `zeroPoint` + `value` limited to `minimum - zeroPoint ... maximum - zeroPoint` and rounded to the nearest integer, ties to
/// even.
@inline(__always) func quantized(_ value: Float, zeroPoint: Int32, minimum: Int32, maximum: Int32) -> Int8 {
  let limited = clamp(value, smallFloat(minimum &- zeroPoint), smallFloat(maximum &- zeroPoint))
  let integer = Int32(bitPattern: (limited + roundingConstant).bitPattern &- roundingConstantBits)
  return Int8(truncatingIfNeeded: integer &+ zeroPoint)
}
