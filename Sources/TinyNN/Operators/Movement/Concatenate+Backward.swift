extension Concatenate {
  public var differentiation: Differentiation? {
    axis == 0 ? nil : Differentiation(inputs: .never, output: false, takesComputedInputsOnly: true)
  }

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
