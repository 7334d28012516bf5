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
        target.slice((row * input.shape[axis] + start + i * step) * inner, inner).add(
          gradient.slice((row * extent + i) * inner, inner))
      }
    }
  }
}

extension Transpose {
  public var differentiation: Differentiation? {
    permutation.rank > 0 && permutation[0] == 0 ? Differentiation(inputs: .never, output: false) : nil
  }

  public func backward(_ context: borrowing BackwardContext) {
    guard let target = context.inputGradient(0) else { return }
    let gradient = context.outputGradient
    let output = context.output(0).shape
    var walk = TransposeWalk(permutation, context.input(0).shape)
    let inner = walk.innerExtent, step = walk.innerStride
    for row in 0..<output.count / inner {
      for i in 0..<inner { target[walk.offset + i * step] = target[walk.offset + i * step] + gradient[row * inner + i] }
      walk.next()
    }
  }
}

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
