import CTinyNN

extension DepthwiseConvolution {
  func runInt8(_ context: borrowing OperatorContext, rows: Range<Int>) {
    let input = context.input(0), weights = context.input(1), output = context.output(0)
    let inputCount = input.shape.count(in: 1..<4), outputCount = output.shape.count(in: 1..<4)
    for image in 0..<output.shape[0] {
      context.kernels.convolveDepthwise(
        input.int8s.slice(image * inputCount, inputCount), input.shape, zeroPoint: input.map.zeroPoint, window,
        weights: weights.int8s, bias: context.input(2).int32s, multipliers: context.input(3).floats,
        output: output.int8s.slice(image * outputCount, outputCount), outputWidth: output.shape[2], rows: rows,
        activation.bounds(in: output.map))
    }
  }
}
