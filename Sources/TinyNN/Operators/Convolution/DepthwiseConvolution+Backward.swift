extension DepthwiseConvolution {
  public var differentiation: Differentiation? {
    Differentiation(inputs: activation.isClampOrNone ? .forWeights : .always, output: activation.function == .clamp)
  }

  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int {
    activation.isClampOrNone ? 0 : Format.aligned(4 * output.count)
  }

  /// Sums run over the images, then the output pixels, then the taps: products and sums are rounded each.
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
    let padded = PanelPacking.padded(channels)
    for row in 0..<output.shape[0] * output.shape[1] {
      let (image, y) = (row / output.shape[1], row % output.shape[1])
      for x in 0..<output.shape[2] {
        let dY = gradient.slice((row * output.shape[2] + x) * channels, channels)
        for tap in 0..<window.taps {
          let iy = y * window.strideY - window.padTop + tap / window.width * window.dilationY
          let ix = x * window.strideX - window.padLeft + tap % window.width * window.dilationX
          guard iy >= 0, iy < input.shape[1], ix >= 0, ix < input.shape[2] else { continue }
          let pixel = ((image * input.shape[1] + iy) * input.shape[2] + ix) * channels
          if let inputGradient {
            inputGradient.slice(pixel, channels).add(dY, times: weights.floats.slice(tap * padded, channels))
          }
          if let weightGradient {
            weightGradient.slice(tap * padded, channels).add(dY, times: input.floats.slice(pixel, channels))
          }
        }
      }
    }
  }
}
