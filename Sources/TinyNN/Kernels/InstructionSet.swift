import CTinyNN

/// A family of processor instructions that kernels are written for.
///
/// Raw values are contiguous from 0.
public enum InstructionSet: UInt8, Sendable {
  /// The readable Swift kernels; available everywhere.
  case reference
  /// x86-64 with AVX2 and FMA.
  case avx2
  /// x86-64 with AVX-512F; int8 kernels are those of AVX2.
  case avx512
  /// AArch64 Advanced SIMD.
  case neon
  /// AVX2 and the int8 dot products of AVX-VNNI.
  case avxVNNI
  /// AVX-512 and the int8 dot products of AVX-512 VNNI.
  case avx512VNNI
  /// Advanced SIMD and its int8 dot products.
  case neonDotProduct
  /// Advanced SIMD and its int8 matrix multiplications.
  case neonI8MM
  /// 32-bit ARM: float kernels are the reference, int8 kernels use dual 16-bit multiplications where the build's processor
  /// has them.
  case arm

  /// Whether this machine can run it, and this build has kernels for it.
  public var isAvailable: Bool { self == .reference || tinynn_cpu_features() & feature != 0 }

  /// Its bit of `tinynn_cpu_features`.
  var feature: UInt32 {
    let bit =
      switch self {
      case .reference: 0
      case .avx2: TINYNN_CPU_AVX2_FMA
      case .avx512: TINYNN_CPU_AVX512F
      case .neon: TINYNN_CPU_NEON
      case .avxVNNI: TINYNN_CPU_AVX_VNNI
      case .avx512VNNI: TINYNN_CPU_AVX512_VNNI
      case .neonDotProduct: TINYNN_CPU_NEON_DOT_PRODUCT
      case .neonI8MM: TINYNN_CPU_NEON_I8MM
      case .arm: TINYNN_CPU_ARM
      }
    return UInt32(truncatingIfNeeded: bit)
  }

  /// The fastest one that is available.
  public static var best: InstructionSet {
    if InstructionSet.avx512VNNI.isAvailable { return .avx512VNNI }
    if InstructionSet.avx512.isAvailable { return .avx512 }
    if InstructionSet.avxVNNI.isAvailable { return .avxVNNI }
    if InstructionSet.avx2.isAvailable { return .avx2 }
    if InstructionSet.neonI8MM.isAvailable { return .neonI8MM }
    if InstructionSet.neonDotProduct.isAvailable { return .neonDotProduct }
    if InstructionSet.neon.isAvailable { return .neon }
    if InstructionSet.arm.isAvailable { return .arm }
    return .reference
  }
}
