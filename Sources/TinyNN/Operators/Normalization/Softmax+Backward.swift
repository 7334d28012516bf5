extension Softmax {
  public var differentiation: Differentiation? { axis == 0 ? nil : Differentiation(inputs: .never, output: true) }

  /// dx = y (dy - sum(y dy)), the sum along the axis in order.
  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let output = context.output(0), values = output.floats, gradient = context.outputGradient
    let extent = output.shape[axis], inner = output.shape.count(in: axis + 1..<output.shape.rank)
    for row in 0..<output.shape.count / extent {
      let start = row / inner * extent * inner + row % inner
      var along: Float = 0
      for i in 0..<extent { along += values[start + i * inner] * gradient[start + i * inner] }
      for i in 0..<extent {
        let place = start + i * inner
        target[place] = target[place] + values[place] * (gradient[place] - along)
      }
    }
  }
}
