import CTinyNN
import TinyNN

private func bytes(_ count: Int) -> UnsafeMutablePointer<Int8> {
  // Freed by the end of the process; 64 bytes of alignment as in a session's arena.
  let memory = unsafe UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64).bindMemory(to: Int8.self, capacity: count)
  for index in 0..<count { unsafe memory[index] = Int8(index * 37 % 255 - 127) }
  return unsafe memory
}

private func integers(_ count: Int) -> UnsafeMutablePointer<Int32> {
  let memory = UnsafeMutablePointer<Int32>.allocate(capacity: count)
  unsafe memory.initialize(repeating: 0, count: count)
  return unsafe memory
}

private func multipliers(_ count: Int) -> UnsafeMutablePointer<Float> {
  let memory = UnsafeMutablePointer<Float>.allocate(capacity: count)
  unsafe memory.initialize(repeating: 1e-4, count: count)
  return unsafe memory
}

/// One int8 matrix multiplication of a shape.
func matMulS8(_ shape: MatMulShape, _ kernels: Kernels) -> () -> Void {
  let columns = shape.columns
  let input = unsafe bytes(shape.rows * shape.channels), padding = unsafe bytes(shape.channels)
  let weights = unsafe bytes(Int8PanelPacking(columns: columns, depth: shape.depth).weightCount)
  let bias = unsafe integers(PanelPacking.padded(columns)), scales = unsafe multipliers(PanelPacking.padded(columns))
  let output = unsafe bytes(shape.rows * columns), table = unsafe integers(shape.rows * shape.taps)
  for (index, offset) in offsets(shape).enumerated() { unsafe table[index] = offset }
  let operands = unsafe TinyNNMatMulS8(
    input: input, offsets: shape.taps == 1 ? nil : UnsafePointer(table), rows: Int32(shape.rows), taps: Int32(shape.taps),
    channels: Int32(shape.channels), tapStride: 0, padding: padding, weights: weights, bias: bias, multipliers: scales,
    output: output, outputStride: Int32(columns), columns: Int32(columns), outputZeroPoint: 3, minimum: -128, maximum: 127)
  // The buffers have the lengths of the shape.
  return { unsafe kernels.matMulS8(operands) }
}

/// One int8 depthwise convolution of a shape.
func depthwiseS8(_ shape: DepthwiseShape, _ kernels: Kernels) -> () -> Void {
  let (side, channels, outputSide) = (shape.side, shape.channels, shape.outputSide)
  let operands = unsafe TinyNNDepthwiseS8(
    input: bytes(side * side * channels), inputHeight: Int32(side), inputWidth: Int32(side), channels: Int32(channels),
    inputZeroPoint: 3, weights: bytes(shape.kernel * shape.kernel * PanelPacking.padded(channels)),
    bias: integers(PanelPacking.padded(channels)), multipliers: multipliers(PanelPacking.padded(channels)),
    kernelHeight: Int32(shape.kernel), kernelWidth: Int32(shape.kernel), strideY: Int32(shape.stride),
    strideX: Int32(shape.stride), dilationY: 1, dilationX: 1, padTop: Int32(shape.kernel / 2), padLeft: Int32(shape.kernel / 2),
    output: bytes(outputSide * outputSide * channels), outputWidth: Int32(outputSide), firstRow: 0, endRow: Int32(outputSide),
    outputZeroPoint: -3, minimum: -128, maximum: 127)
  // The buffers have the lengths of the shape.
  return { unsafe kernels.depthwiseS8(operands) }
}
