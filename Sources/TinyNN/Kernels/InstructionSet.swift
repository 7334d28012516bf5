import CTinyNN

/// A family of processor instructions that kernels are written for.
///
/// Raw values are contiguous from 0.
public enum InstructionSet: UInt8, Sendable {
  /// The readable Swift kernels; available everywhere.
  case reference
  /// x86-64 with AVX2 and FMA.
  case avx2
  /// x86-64 with AVX-512F.
  case avx512
  /// AArch64 Advanced SIMD.
  case neon

  /// Whether this machine can run it, and this build has kernels for it.
  public var isAvailable: Bool {
    let features = Int(tinynn_cpu_features())
    return switch self {
    case .reference: true
    case .avx2: features & TINYNN_CPU_AVX2_FMA != 0
    case .avx512: features & TINYNN_CPU_AVX512F != 0
    case .neon: features & TINYNN_CPU_NEON != 0
    }
  }

  /// The fastest one that is available.
  public static var best: InstructionSet {
    if InstructionSet.avx512.isAvailable { return .avx512 }
    if InstructionSet.avx2.isAvailable { return .avx2 }
    if InstructionSet.neon.isAvailable { return .neon }
    return .reference
  }
}
