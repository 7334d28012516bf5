extension Reshape {
  public var differentiation: Differentiation? { Differentiation(inputs: .never, output: false) }
  public func backward(_ context: borrowing BackwardContext) { context.inputGradient(0)?.add(context.outputGradient) }
}
