public import CTinyNN

/// The implementations of the heavy operations that a session runs with.
///
/// All instruction sets give the same bits. Another matrix multiplication backend may not.
@safe
public struct Kernels: Sendable {
  // What it points to is code, and what the creator of a backend promised to be usable from any thread.
  private nonisolated(unsafe) var functions: TinyNNKernels
  private nonisolated(unsafe) var matMulContext: UnsafeMutableRawPointer?

  /// The fastest kernels this machine can run.
  public static var best: Kernels { Kernels(unchecked: .best) }

  /// The kernels of one instruction set, or nil where this machine or this build lacks it.
  public init?(instructionSet: InstructionSet) {
    guard instructionSet.isAvailable else { return nil }
    self.init(unchecked: instructionSet)
  }

  private init(unchecked instructionSet: InstructionSet) {
    unsafe functions = tinynn_kernels(instructionSet.feature)
    unsafe matMulContext = nil
  }

  /// These kernels with another float32 matrix multiplication.
  ///
  /// `context` is passed to every call of `matMul`; both must stay valid as long as these kernels are used, from any
  /// thread.
  @unsafe
  public init(
    _ base: Kernels, matMul: @escaping TinyNNMatMulF32Function, context: UnsafeMutableRawPointer?
  ) {
    self = base
    unsafe functions.matmulF32 = matMul
    unsafe matMulContext = context
  }

  /// Runs one matrix multiplication; see `TinyNNMatMulF32` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func matMul(_ operands: TinyNNMatMulF32) {
    if let function = unsafe functions.matmulF32 {
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
    if let function = unsafe functions.depthwiseF32 {
      unsafe withUnsafePointer(to: operands) { unsafe function($0, nil) }
    } else {
      unsafe referenceDepthwise(operands)
    }
  }

  /// Adds the gradients of one float32 depthwise convolution; see `TinyNNDepthwiseGradientF32` for the meaning and the layout of
  /// its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the gradients must not overlap each other or the rest.
  @unsafe
  public func depthwiseGradient(_ operands: TinyNNDepthwiseGradientF32) {
    if let function = unsafe functions.depthwiseGradientF32 {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceDepthwiseGradient(operands)
    }
  }

  /// Runs one int8 matrix multiplication; see `TinyNNMatMulS8` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func matMulS8(_ operands: TinyNNMatMulS8) {
    if let function = unsafe functions.matmulS8 {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceMatMulS8(operands)
    }
  }

  /// Runs one int8 convolution; see `TinyNNConvolveS8` for the meaning and the layout of its operands. False where these kernels
  /// have none for it, and nothing is done: `matMulS8` serves.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func convolveS8(_ operands: TinyNNConvolveS8) -> Bool {
    guard let function = unsafe functions.convolveS8 else { return false }
    return unsafe withUnsafePointer(to: operands) { unsafe function($0) } != 0
  }

  /// Runs one int8 depthwise convolution; see `TinyNNDepthwiseS8` for the meaning and the layout of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must not overlap the input.
  @unsafe
  public func depthwiseS8(_ operands: TinyNNDepthwiseS8) {
    if let function = unsafe functions.depthwiseS8 {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceDepthwiseS8(operands)
    }
  }

  /// Applies an elementwise function; see `TinyNNActivateF32` for the meaning of its operands. False where these kernels have
  /// none, and nothing is done: the functions of ElementaryFunctions.swift serve.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must be the input or not overlap it.
  @unsafe
  public func activate(_ operands: TinyNNActivateF32) -> Bool {
    guard let function = unsafe functions.activateF32 else { return false }
    unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    return true
  }

  /// Multiplies two int8 tensors; see `TinyNNMultiplyS8` for the meaning of its operands.
  ///
  /// Unsafe: the memory that the operands describe must be valid, and the output must be an operand or overlap none.
  @unsafe
  public func multiplyS8(_ operands: TinyNNMultiplyS8) {
    if let function = unsafe functions.multiplyS8 {
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
    if let function = unsafe functions.addS8 {
      unsafe withUnsafePointer(to: operands) { unsafe function($0) }
    } else {
      unsafe referenceAddS8(operands)
    }
  }
}
