import CTinyNN

/// The left operand of a matrix multiplication: rows that are contiguous, or found tap by tap through offsets.
struct MatrixRows {
  let elements: Elements<Float>
  let offsets: Elements<Int32>?
  let count: Int
  let taps: Int
  let channels: Int
  let zeros: Elements<Float>

  /// `count` contiguous rows of `depth` elements.
  init(_ elements: Elements<Float>, count: Int, depth: Int) {
    self.elements = elements
    offsets = nil
    self.count = count
    taps = 1
    channels = depth
    zeros = elements
  }

  /// `count` rows of `taps` pieces of `channels` elements each; piece i starts at `offsets[i]`, zeros where it is negative.
  init(_ elements: Elements<Float>, offsets: Elements<Int32>, count: Int, taps: Int, channels: Int, zeros: Elements<Float>) {
    self.elements = elements
    self.offsets = offsets
    self.count = count
    self.taps = taps
    self.channels = channels
    self.zeros = zeros
  }
}

extension Kernels {
  func multiply(
    _ rows: MatrixRows, weights: Elements<Float>, bias: Elements<Float>, output: Elements<Float>, outputStride: Int, columns: Int,
    minimum: Float, maximum: Float
  ) {
    // In bounds: the caller's slices were asserted against the operands' sizes, which the file's check has proved.
    unsafe matMul(
      TinyNNMatMulF32(
        input: UnsafePointer(rows.elements.base), offsets: rows.offsets.map { unsafe UnsafePointer($0.base) },
        rows: Int32(rows.count), taps: Int32(rows.taps), channels: Int32(rows.channels), zeros: UnsafePointer(rows.zeros.base),
        weights: UnsafePointer(weights.base), bias: UnsafePointer(bias.base), output: output.base,
        outputStride: Int32(outputStride), columns: Int32(columns), minimum: minimum, maximum: maximum))
  }

  func convolveDepthwise(
    _ input: Elements<Float>, _ inputShape: Shape, _ window: Window, weights: Elements<Float>, bias: Elements<Float>,
    output: Elements<Float>, outputWidth: Int, rows: Range<Int>, minimum: Float, maximum: Float
  ) {
    // In bounds: as above.
    unsafe depthwise(
      TinyNNDepthwiseF32(
        input: UnsafePointer(input.base), inputHeight: Int32(inputShape[1]), inputWidth: Int32(inputShape[2]),
        channels: Int32(inputShape[3]), weights: UnsafePointer(weights.base), bias: UnsafePointer(bias.base),
        kernelHeight: Int32(window.height), kernelWidth: Int32(window.width),
        strideY: Int32(window.strideY), strideX: Int32(window.strideX),
        dilationY: Int32(window.dilationY), dilationX: Int32(window.dilationX),
        padTop: Int32(window.padTop), padLeft: Int32(window.padLeft),
        output: output.base, outputWidth: Int32(outputWidth), firstRow: Int32(rows.lowerBound), endRow: Int32(rows.upperBound),
        minimum: minimum, maximum: maximum))
  }

  /// Adds the gradients of a depthwise convolution of one image; nil where nobody wants them.
  func addDepthwiseGradients(
    _ input: Elements<Float>, _ inputShape: Shape, _ window: Window, weights: Elements<Float>, outputGradient: Elements<Float>,
    _ outputShape: Shape, inputGradient: Elements<Float>?, weightGradient: Elements<Float>?
  ) {
    // In bounds: as above.
    unsafe depthwiseGradient(
      TinyNNDepthwiseGradientF32(
        input: UnsafePointer(input.base), weights: UnsafePointer(weights.base), outputGradient: UnsafePointer(outputGradient.base),
        inputGradient: inputGradient?.base, weightGradient: weightGradient?.base,
        inputHeight: Int32(inputShape[1]), inputWidth: Int32(inputShape[2]), channels: Int32(inputShape[3]),
        outputHeight: Int32(outputShape[1]), outputWidth: Int32(outputShape[2]),
        kernelHeight: Int32(window.height), kernelWidth: Int32(window.width),
        strideY: Int32(window.strideY), strideX: Int32(window.strideX),
        dilationY: Int32(window.dilationY), dilationX: Int32(window.dilationX),
        padTop: Int32(window.padTop), padLeft: Int32(window.padLeft)))
  }

  /// Whether a kernel has applied the function (a code of `TinyNNActivateF32`) to all elements; the caller does else.
  func activate(_ function: Int32, _ input: Elements<Float>, _ output: Elements<Float>, shift: Float = 0) -> Bool {
    // In bounds: as above.
    unsafe activate(
      TinyNNActivateF32(
        input: UnsafePointer(input.base), output: output.base, count: Int32(output.count), function: function, shift: shift))
  }
}
