// Rounding to int8 steps and back: the gradient passes as if it were not there (straight-through estimator; Bengio et al. 2013).

extension Quantize {
  public var differentiation: Differentiation? { Differentiation(inputs: .never, output: false) }
  public func backward(_ context: borrowing BackwardContext) { context.inputGradient(0)?.add(context.outputGradient) }
}

extension Dequantize {
  public var differentiation: Differentiation? { Differentiation(inputs: .never, output: false) }
  public func backward(_ context: borrowing BackwardContext) { context.inputGradient(0)?.add(context.outputGradient) }
}
