extension Slice {
  public var differentiation: Differentiation? { axis == 0 ? nil : Differentiation(inputs: .never, output: false) }

  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let input = context.input(0), output = context.output(0), gradient = context.outputGradient
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    for row in 0..<output.shape.count(in: 0..<axis) {
      for i in 0..<extent {
        target.slice((row * input.shape[axis] + start + i * step) * inner, inner).add(
          gradient.slice((row * extent + i) * inner, inner))
      }
    }
  }
}
