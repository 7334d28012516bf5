public import CTinyNN

/// The implementations of the heavy operations that a session runs with.
///
/// All instruction sets give the same bits. Another matrix multiplication backend may not.
@safe
public struct Kernels: Sendable {
  private let matMulFunction: TinyNNMatMulF32Function?
  private let depthwiseFunction: TinyNNDepthwiseF32Function?
  private nonisolated(unsafe) let matMulContext: UnsafeMutableRawPointer?

  /// The fastest kernels this machine can run.
  public static var best: Kernels { Kernels(unchecked: .best) }

  /// The kernels of one instruction set, or nil where this machine or this build lacks it.
  public init?(instructionSet: InstructionSet) {
    guard instructionSet.isAvailable else { return nil }
    self.init(unchecked: instructionSet)
  }

  private init(unchecked instructionSet: InstructionSet) {
    unsafe matMulContext = nil
    switch instructionSet {
    #if arch(x86_64)
    case .avx2:
      unsafe matMulFunction = tinynn_matmul_f32_avx2
      unsafe depthwiseFunction = tinynn_depthwise_f32_avx2
    case .avx512:
      unsafe matMulFunction = tinynn_matmul_f32_avx512
      unsafe depthwiseFunction = tinynn_depthwise_f32_avx512
    #elseif arch(arm64)
    case .neon:
      unsafe matMulFunction = tinynn_matmul_f32_neon
      unsafe depthwiseFunction = tinynn_depthwise_f32_neon
    #endif
    default:
      unsafe matMulFunction = nil
      unsafe depthwiseFunction = nil
    }
  }

  /// These kernels with another matrix multiplication.
  ///
  /// `context` is passed to every call of `matMul`; both must stay valid as long as these kernels are used, from any
  /// thread.
  @unsafe
  public init(
    _ base: Kernels, matMul: @escaping TinyNNMatMulF32Function, context: UnsafeMutableRawPointer?
  ) {
    unsafe matMulFunction = matMul
    unsafe matMulContext = context
    unsafe depthwiseFunction = base.depthwiseFunction
  }

  /// Runs one matrix multiplication; see `TinyNNMatMulF32` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func matMul(_ operands: TinyNNMatMulF32) {
    if let function = unsafe matMulFunction {
      unsafe withUnsafePointer(to: operands) { unsafe function($0, matMulContext) }
    } else {
      unsafe referenceMatMul(operands)
    }
  }

  /// Runs one depthwise convolution; see `TinyNNDepthwiseF32` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func depthwise(_ operands: TinyNNDepthwiseF32) {
    if let function = unsafe depthwiseFunction {
      unsafe withUnsafePointer(to: operands) { unsafe function($0, nil) }
    } else {
      unsafe referenceDepthwise(operands)
    }
  }
}
