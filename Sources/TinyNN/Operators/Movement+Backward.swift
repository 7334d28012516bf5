extension Reshape {
  public var differentiation: Differentiation? { Differentiation(inputs: .never, output: false) }
  public func backward(_ context: borrowing BackwardContext) { context.inputGradient(0)?.add(context.outputGradient) }
}

extension Concatenate {
  public var differentiation: Differentiation? { axis == 0 ? nil : Differentiation(inputs: .never, output: false) }

  public func backward(_ context: borrowing BackwardContext) {
    let output = context.output(0), gradient = context.outputGradient
    let inner = output.shape.count(in: axis + 1..<output.shape.rank), rows = output.shape.count(in: 0..<axis)
    let outputRow = output.shape[axis] * inner
    var column = 0
    for index in 0..<context.forward.inputCount {
      let inputRow = context.input(index).shape[axis] * inner
      if let target = context.inputGradient(index) {
        for row in 0..<rows { target.slice(row * inputRow, inputRow).add(gradient.slice(row * outputRow + column, inputRow)) }
      }
      column += inputRow
    }
  }
}

extension Slice {
  public var differentiation: Differentiation? { axis == 0 ? nil : Differentiation(inputs: .never, output: false) }

  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let input = context.input(0), output = context.output(0), gradient = context.outputGradient
    let inner = output.shape.count(in: axis + 1..<output.shape.rank)
    for row in 0..<output.shape.count(in: 0..<axis) {
      for i in 0..<extent {
        target.slice((row * input.shape[axis] + start + i * step) * inner, inner).add(gradient.slice((row * extent + i) * inner, inner))
      }
    }
  }
}
