import CTinyNN

/// The left operand of an int8 matrix multiplication, as `MatrixRows`; `channels` is a multiple of 4.
struct Int8MatrixRows {
  let elements: Elements<Int8>
  let offsets: Elements<Int32>?
  let count: Int
  let taps: Int
  let channels: Int
  /// At least `channels` times the input's zero point.
  let padding: Elements<Int8>

  init(_ elements: Elements<Int8>, count: Int, depth: Int) {
    self.elements = elements
    offsets = nil
    self.count = count
    taps = 1
    channels = depth
    padding = elements
  }

  init(_ elements: Elements<Int8>, offsets: Elements<Int32>, count: Int, taps: Int, channels: Int, padding: Elements<Int8>) {
    self.elements = elements
    self.offsets = offsets
    self.count = count
    self.taps = taps
    self.channels = channels
    self.padding = padding
  }
}

extension Kernels {
  func multiply(
    _ rows: Int8MatrixRows, weights: Elements<Int8>, bias: Elements<Int32>, multipliers: Elements<Float>, output: Elements<Int8>,
    outputStride: Int, columns: Int, _ bounds: QuantizedBounds
  ) {
    // In bounds: the caller's slices were asserted against the operands' sizes, which the file's check has proved.
    unsafe matMulS8(
      TinyNNMatMulS8(
        input: UnsafePointer(rows.elements.base), offsets: rows.offsets.map { unsafe UnsafePointer($0.base) },
        rows: Int32(rows.count), taps: Int32(rows.taps), channels: Int32(rows.channels), tapStride: 0,
        padding: UnsafePointer(rows.padding.base),
        weights: UnsafePointer(weights.base), bias: UnsafePointer(bias.base), multipliers: UnsafePointer(multipliers.base),
        output: output.base, outputStride: Int32(outputStride), columns: Int32(columns),
        outputZeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum))
  }

  /// A convolution without groups and dilation over `pixels` of an image's output. False where these kernels have no better way
  /// than `multiply`, and nothing is done.
  func convolve(
    _ input: Elements<Int8>, _ inputShape: Shape, zeroPoint: Int32, _ window: Window, weights: Elements<Int8>,
    bias: Elements<Int32>, multipliers: Elements<Float>, output: Elements<Int8>, outputWidth: Int, outputStride: Int, columns: Int,
    pixels: Range<Int>, _ bounds: QuantizedBounds
  ) -> Bool {
    // In bounds: as above; without offsets nothing is read from `padding`.
    unsafe convolveS8(
      TinyNNConvolveS8(
        product: TinyNNMatMulS8(
          input: UnsafePointer(input.base), offsets: nil, rows: Int32(pixels.count), taps: Int32(window.taps),
          channels: Int32(inputShape[3]), tapStride: 0, padding: UnsafePointer(input.base),
          weights: UnsafePointer(weights.base), bias: UnsafePointer(bias.base), multipliers: UnsafePointer(multipliers.base),
          output: output.base, outputStride: Int32(outputStride), columns: Int32(columns),
          outputZeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum),
        inputHeight: Int32(inputShape[1]), inputWidth: Int32(inputShape[2]), inputZeroPoint: zeroPoint,
        kernelHeight: Int32(window.height), kernelWidth: Int32(window.width),
        strideY: Int32(window.strideY), strideX: Int32(window.strideX),
        padTop: Int32(window.padTop), padLeft: Int32(window.padLeft),
        outputWidth: Int32(outputWidth), firstPixel: Int32(pixels.lowerBound)))
  }

  func convolveDepthwise(
    _ input: Elements<Int8>, _ inputShape: Shape, zeroPoint: Int32, _ window: Window, weights: Elements<Int8>,
    bias: Elements<Int32>,
    multipliers: Elements<Float>, output: Elements<Int8>, outputWidth: Int, rows: Range<Int>, _ bounds: QuantizedBounds
  ) {
    // In bounds: as above.
    unsafe depthwiseS8(
      TinyNNDepthwiseS8(
        input: UnsafePointer(input.base), inputHeight: Int32(inputShape[1]), inputWidth: Int32(inputShape[2]),
        channels: Int32(inputShape[3]), inputZeroPoint: zeroPoint,
        weights: UnsafePointer(weights.base), bias: UnsafePointer(bias.base), multipliers: UnsafePointer(multipliers.base),
        kernelHeight: Int32(window.height), kernelWidth: Int32(window.width),
        strideY: Int32(window.strideY), strideX: Int32(window.strideX),
        dilationY: Int32(window.dilationY), dilationX: Int32(window.dilationX),
        padTop: Int32(window.padTop), padLeft: Int32(window.padLeft),
        output: output.base, outputWidth: Int32(outputWidth), firstRow: Int32(rows.lowerBound), endRow: Int32(rows.upperBound),
        outputZeroPoint: bounds.zeroPoint, minimum: bounds.minimum, maximum: bounds.maximum))
  }

  /// q = clamp(round((a - zeroA) scaleA / scaleOutput + (b - zeroB) scaleB / scaleOutput) + zeroOutput), element by element.
  func add(
    _ a: Elements<Int8>, _ mapA: Quantization, _ b: Elements<Int8>, _ mapB: Quantization, output: Elements<Int8>,
    _ map: Quantization, _ bounds: QuantizedBounds
  ) {
    // In bounds: as above.
    unsafe addS8(
      TinyNNAddS8(
        a: UnsafePointer(a.base), b: UnsafePointer(b.base), output: output.base, count: Int32(output.count),
        zeroA: mapA.zeroPoint, zeroB: mapB.zeroPoint, zeroOutput: bounds.zeroPoint,
        scaleA: mapA.scale / map.scale, scaleB: mapB.scale / map.scale, minimum: bounds.minimum, maximum: bounds.maximum))
  }

  /// q = clamp(round((a - zeroA) (b - zeroB) scale) + zeroOutput), element by element.
  func multiply(
    _ a: Elements<Int8>, _ mapA: Quantization, _ b: Elements<Int8>, _ mapB: Quantization, output: Elements<Int8>, scale: Float,
    _ bounds: QuantizedBounds
  ) {
    // In bounds: as above.
    unsafe multiplyS8(
      TinyNNMultiplyS8(
        a: UnsafePointer(a.base), b: UnsafePointer(b.base), output: output.base, count: Int32(output.count),
        zeroA: mapA.zeroPoint, zeroB: mapB.zeroPoint, zeroOutput: bounds.zeroPoint, scale: scale,
        minimum: bounds.minimum, maximum: bounds.maximum))
  }
}
