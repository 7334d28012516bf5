extension Activate {
  public var differentiation: Differentiation? { Differentiation(inputs: .always, output: false) }

  public func backward(_ context: borrowing BackwardContext) {
    guard let inputGradient = context.inputGradient(0) else { return }
    let input = context.input(0).floats, gradient = context.outputGradient
    for i in 0..<gradient.count { inputGradient[i] = inputGradient[i] + gradient[i] * activation.derivative(at: input[i]) }
  }
}
