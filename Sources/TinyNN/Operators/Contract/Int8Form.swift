/// When an operator runs on int8 operands in a network that is quantized; its shape rule must take them.
public enum Int8Form: Sendable {
  /// By weights, wherever it stands: a float32 input is quantized for it. For operators with a `weightForm`.
  case weighted
  /// Where one computed operand at least is int8; the others, and constants, are quantized for it.
  case arithmetic
  /// Where all operands are computed and int8.
  case following
  /// As `following`, and its result is float32.
  case followingToFloat32
}
