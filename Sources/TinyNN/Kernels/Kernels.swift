public import CTinyNN

/// The implementations of the heavy operations that a session runs with.
///
/// All instruction sets give the same bits. Another matrix multiplication backend may not.
@safe
public struct Kernels: Sendable {
  private let matMulFunction: TinyNNMatMulF32Function?
  private let depthwiseFunction: TinyNNDepthwiseF32Function?
  private let matMulS8Function: TinyNNMatMulS8Function?
  private let depthwiseS8Function: TinyNNDepthwiseS8Function?
  private let addS8Function: TinyNNAddS8Function?
  private let multiplyS8Function: TinyNNMultiplyS8Function?
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
      case .avx2, .avxVNNI:
        unsafe matMulFunction = tinynn_matmul_f32_avx2
        unsafe depthwiseFunction = tinynn_depthwise_f32_avx2
      case .avx512, .avx512VNNI:
        unsafe matMulFunction = tinynn_matmul_f32_avx512
        unsafe depthwiseFunction = tinynn_depthwise_f32_avx512
    #elseif arch(arm64)
      case .neon, .neonDotProduct, .neonI8MM:
        unsafe matMulFunction = tinynn_matmul_f32_neon
        unsafe depthwiseFunction = tinynn_depthwise_f32_neon
    #endif
    default:
      unsafe matMulFunction = nil
      unsafe depthwiseFunction = nil
    }
    switch instructionSet {
    #if arch(x86_64)
      case .avx2, .avx512:
        unsafe matMulS8Function = tinynn_matmul_s8_avx2
        unsafe depthwiseS8Function = tinynn_depthwise_s8_avx2
        unsafe addS8Function = tinynn_add_s8_avx2
        unsafe multiplyS8Function = tinynn_multiply_s8_avx2
      case .avxVNNI:
        unsafe matMulS8Function = tinynn_matmul_s8_avx_vnni
        unsafe depthwiseS8Function = tinynn_depthwise_s8_avx_vnni
        unsafe addS8Function = tinynn_add_s8_avx2
        unsafe multiplyS8Function = tinynn_multiply_s8_avx2
      case .avx512VNNI:
        unsafe matMulS8Function = tinynn_matmul_s8_avx512_vnni
        unsafe depthwiseS8Function = tinynn_depthwise_s8_avx512_vnni
        unsafe addS8Function = tinynn_add_s8_avx2
        unsafe multiplyS8Function = tinynn_multiply_s8_avx2
    #elseif arch(arm64)
      case .neon:
        unsafe matMulS8Function = tinynn_matmul_s8_neon
        unsafe depthwiseS8Function = tinynn_depthwise_s8_neon
        unsafe addS8Function = tinynn_add_s8_neon
        unsafe multiplyS8Function = tinynn_multiply_s8_neon
      case .neonDotProduct:
        unsafe matMulS8Function = tinynn_matmul_s8_neon_dotprod
        unsafe depthwiseS8Function = tinynn_depthwise_s8_neon
        unsafe addS8Function = tinynn_add_s8_neon
        unsafe multiplyS8Function = tinynn_multiply_s8_neon
      case .neonI8MM:
        unsafe matMulS8Function = tinynn_matmul_s8_neon_i8mm
        unsafe depthwiseS8Function = tinynn_depthwise_s8_neon
        unsafe addS8Function = tinynn_add_s8_neon
        unsafe multiplyS8Function = tinynn_multiply_s8_neon
    #elseif arch(arm)
      case .arm:
        unsafe matMulS8Function = tinynn_matmul_s8_arm
        unsafe depthwiseS8Function = tinynn_depthwise_s8_arm
        unsafe addS8Function = tinynn_add_s8_arm
        unsafe multiplyS8Function = nil
    #endif
    default:
      unsafe matMulS8Function = nil
      unsafe depthwiseS8Function = nil
      unsafe addS8Function = nil
      unsafe multiplyS8Function = nil
    }
  }

  /// These kernels with another float32 matrix multiplication.
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
    unsafe matMulS8Function = base.matMulS8Function
    unsafe depthwiseS8Function = base.depthwiseS8Function
    unsafe addS8Function = base.addS8Function
    unsafe multiplyS8Function = base.multiplyS8Function
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

  /// Runs one int8 matrix multiplication; see `TinyNNMatMulS8` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func matMulS8(_ operands: TinyNNMatMulS8) {
    if let function = unsafe matMulS8Function {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceMatMulS8(operands)
    }
  }

  /// Runs one int8 depthwise convolution; see `TinyNNDepthwiseS8` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func depthwiseS8(_ operands: TinyNNDepthwiseS8) {
    if let function = unsafe depthwiseS8Function {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceDepthwiseS8(operands)
    }
  }

  /// Multiplies two int8 tensors; see `TinyNNMultiplyS8` for the meaning of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must be an operand or overlap none.
  @unsafe
  public func multiplyS8(_ operands: TinyNNMultiplyS8) {
    if let function = unsafe multiplyS8Function {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceMultiplyS8(operands)
    }
  }

  /// Adds two int8 tensors; see `TinyNNAddS8` for the meaning of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must be an operand or overlap none.
  @unsafe
  public func addS8(_ operands: TinyNNAddS8) {
    if let function = unsafe addS8Function {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceAddS8(operands)
    }
  }
}
