import CTinyNN

extension DepthwiseConvolution {
  func runInt8(
    _ context: borrowing OperatorContext, _ input: Tensor, _ weights: Tensor, _ bias: Tensor, _ output: Tensor, rows: Range<Int>
  ) {
    let multipliers = context.input(3).floats
    let bounds = activation.bounds(in: output.map)
    let inputCount = input.shape.count(in: 1..<4), outputCount = output.shape.count(in: 1..<4)
    for image in 0..<output.shape[0] {
      context.kernels.convolveDepthwise(
        input.int8s.slice(image * inputCount, inputCount), input.shape, zeroPoint: input.map.zeroPoint, window,
        weights: weights.int8s, bias: bias.int32s, multipliers: multipliers,
        output: output.int8s.slice(image * outputCount, outputCount), outputWidth: output.shape[2], rows: rows, bounds)
    }
  }
}
