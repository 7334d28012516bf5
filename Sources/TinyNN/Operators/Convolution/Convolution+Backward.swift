extension Convolution {
  public var differentiation: Differentiation? {
    Differentiation(inputs: activation.isClampOrNone ? .forWeights : .always, output: activation.function == .clamp)
  }

  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int {
    let weights = operands.shape(1)
    let own = Format.aligned(activation.isClampOrNone ? 0 : 4 * output.count)
    let forward = scratchByteCount(of: operands, output: TensorType(.float32, output), parts: 1)
    return own + max(forward, gradients(weights, output).scratchByteCount)
  }

  private func gradients(_ weights: Shape, _ output: Shape) -> MatrixGradients {
    MatrixGradients(rows: output.count / output[3], depth: weights[3], columns: weights[0] / groups, taps: window.taps)
  }

  /// For each block of output pixels and each tap: weights += X^T dY with the tap's pixels X, input += dY W^T at the tap's pixels.
  public func backward(_ context: borrowing BackwardContext) {
    let input = context.input(0), weights = context.input(1), output = context.output(0)
    let gradient = context.outputGradient
    var scratch = context.scratch
    if activation.isClampOrNone {
      activation.maskGradient(gradient, output: output.floats)
    } else {
      // The values before the activation are computed again: cheaper than keeping them from the forward pass.
      let bare = scratch.floats(at: 0, count: output.shape.count)
      scratch = ScratchMemory(arena: scratch.arena, offset: scratch.offset + Format.aligned(4 * output.shape.count))
      var again = context.forward
      again.training?.replacedOutput = bare
      again.scratchOffset = scratch.offset
      Convolution(window: window, groups: groups).run(again)
      activation.multiplyGradient(gradient, input: bare)
    }
    context.addBias(gradient, channels: output.shape[3], groups: groups)

    let memory = gradients(weights.shape, output.shape)
    let channels = weights.shape[3], columns = weights.shape[0] / groups
    let panels = PanelPacking(columns: columns, depth: window.taps * channels)
    let inputGradient = context.inputGradient(0), weightGradient = context.weightGradient(1)
    let zeros = memory.zeros(scratch)
    // Each output pixel has its own input pixel, in the same order.
    let isPointwise =
      window.taps == 1 && groups == 1 && window.strideX == 1 && window.strideY == 1 && window.padTop == 0
      && window.padLeft == 0 && input.shape.count / channels == memory.rows
    for group in 0..<groups {
      let dY = MatrixGradients.Columns(gradient, start: group * columns, stride: output.shape[3])
      for tap in 0..<window.taps {
        if let inputGradient {
          memory.transposeWeights(weights.floats.slice(group * panels.weightCount, panels.weightCount), tap: tap, scratch)
          var first = 0
          while first < memory.rows {
            let count = min(memory.block, memory.rows - first)
            let product = memory.multiplyByWeights(dY, first, count, zeros, context.kernels, scratch)
            if isPointwise {
              inputGradient.slice(first * channels, count * channels).add(product)
            } else {
              eachPixel(tap, first, count, input.shape, output.shape) { row, pixel in
                inputGradient.slice(pixel * input.shape[3] + group * channels, channels).add(
                  product.slice(row * channels, channels))
              }
            }
            first += count
          }
        }
        if let weightGradient {
          var first = 0
          while first < memory.rows {
            let count = min(memory.block, memory.rows - first)
            let start = first
            memory.transpose(input.floats, count, scratch) { row in
              if isPointwise { return (start + row) * channels }
              let pixel = pixel(tap, start + row, input.shape, output.shape)
              return pixel < 0 ? -1 : pixel * input.shape[3] + group * channels
            }
            memory.addWeights(
              dY, first, count, tap: tap, to: weightGradient.slice(group * panels.weightCount, panels.weightCount), zeros,
              context.kernels, scratch)
            first += count
          }
        }
      }
    }
  }

  /// Calls `body` with each output pixel, counted from `first`, whose tap lies inside the image, and the input pixel there.
  @inline(__always)
  private func eachPixel(
    _ tap: Int, _ first: Int, _ count: Int, _ input: Shape, _ output: Shape, _ body: (_ row: Int, _ pixel: Int) -> Void
  ) {
    for row in 0..<count {
      let pixel = pixel(tap, first + row, input, output)
      if pixel >= 0 { body(row, pixel) }
    }
  }

  /// The input pixel of a tap at an output pixel, -1 outside the image.
  @inline(__always)
  private func pixel(_ tap: Int, _ index: Int, _ input: Shape, _ output: Shape) -> Int {
    let (x, rest) = (index % output[2], index / output[2])
    let (y, image) = (rest % output[1], rest / output[1])
    let iy = y * window.strideY - window.padTop + tap / window.width * window.dilationY
    let ix = x * window.strideX - window.padLeft + tap % window.width * window.dilationX
    return iy >= 0 && iy < input[1] && ix >= 0 && ix < input[2] ? (image * input[1] + iy) * input[2] + ix : -1
  }
}
