extension DepthwiseConvolution {
  public var differentiation: Differentiation? {
    Differentiation(inputs: activation.isClampOrNone ? .forWeights : .always, output: activation.function == .clamp)
  }

  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int {
    activation.isClampOrNone ? 0 : Format.aligned(4 * output.count)
  }

  /// Sums run over the images, then the output pixels: products and sums are rounded each.
  public func backward(_ context: borrowing BackwardContext) {
    let input = context.input(0), weights = context.input(1), output = context.output(0)
    let gradient = context.outputGradient
    let channels = output.shape[3]
    if activation.isClampOrNone {
      activation.maskGradient(gradient, output: output.floats)
    } else {
      let bare = context.scratch.floats(at: 0, count: output.shape.count)
      var again = context.forward
      again.training?.replacedOutput = bare
      DepthwiseConvolution(window: window).run(again)
      activation.multiplyGradient(gradient, input: bare)
    }
    context.addBias(gradient, channels: channels, groups: 1)
    let inputGradient = context.inputGradient(0), weightGradient = context.weightGradient(1)
    let inputCount = input.shape.count(in: 1..<4), outputCount = output.shape.count(in: 1..<4)
    for image in 0..<output.shape[0] {
      context.kernels.addDepthwiseGradients(
        input.floats.slice(image * inputCount, inputCount), input.shape, window, weights: weights.floats,
        outputGradient: gradient.slice(image * outputCount, outputCount), output.shape,
        inputGradient: inputGradient?.slice(image * inputCount, inputCount), weightGradient: weightGradient)
    }
  }
}
