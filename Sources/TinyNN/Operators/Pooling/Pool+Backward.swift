extension Pool {
  public var differentiation: Differentiation? {
    Differentiation(inputs: function == .maximum ? .always : .never, output: function == .maximum)
  }

  /// The maximum passes its gradient to the first pixel of the window that has it.
  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let input = context.input(0), output = context.output(0), gradient = context.outputGradient
    let channels = output.shape[3]
    for row in 0..<output.shape[0] * output.shape[1] {
      let (image, y) = (row / output.shape[1], row % output.shape[1])
      for x in 0..<output.shape[2] {
        let start = (row * output.shape[2] + x) * channels
        let divisor = function == .average ? divisor(y, x, input.shape) : 1
        for tap in 0..<window.taps {
          let iy = y * window.strideY - window.padTop + tap / window.width * window.dilationY
          let ix = x * window.strideX - window.padLeft + tap % window.width * window.dilationX
          guard iy >= 0, iy < input.shape[1], ix >= 0, ix < input.shape[2] else { continue }
          let to = ((image * input.shape[1] + iy) * input.shape[2] + ix) * channels
          if function != .maximum {
            for channel in 0..<channels { target[to + channel] = target[to + channel] + gradient[start + channel] / divisor }
          } else {
            for channel in 0..<channels where input.floats[to + channel] == output.floats[start + channel] {
              target[to + channel] = target[to + channel] + gradient[start + channel]
              gradient[start + channel] = 0
            }
          }
        }
      }
    }
  }

  /// Pixels that the average at (y, x) divides by.
  private func divisor(_ y: Int, _ x: Int, _ input: Shape) -> Float {
    var count = 0
    for tap in 0..<window.taps {
      let iy = y * window.strideY - window.padTop + tap / window.width * window.dilationY
      let ix = x * window.strideX - window.padLeft + tap % window.width * window.dilationX
      let isInside = iy >= 0 && iy < input[1] && ix >= 0 && ix < input[2]
      if countsPadding ? iy < input[1] + window.padBottom && ix < input[2] + window.padRight : isInside { count += 1 }
    }
    return Float(count)
  }
}
