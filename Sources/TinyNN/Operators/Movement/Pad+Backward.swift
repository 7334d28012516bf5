extension Pad {
  public var differentiation: Differentiation? {
    rank > 0 && before[0] == 0 && after[0] == 0 ? Differentiation(inputs: .never, output: false) : nil
  }

  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let input = context.input(0).shape, output = context.output(0).shape, gradient = context.outputGradient
    let inner = input[rank - 1]
    for row in 0..<input.count / inner {
      var (rest, to, stride) = (row, 0, 1)
      for axis in Swift.stride(from: rank - 2, through: 0, by: -1) {
        to += (rest % input[axis] + before[axis]) * stride
        rest /= input[axis]
        stride *= output[axis]
      }
      target.slice(row * inner, inner).add(gradient.slice(to * output[rank - 1] + before[rank - 1], inner))
    }
  }
}
