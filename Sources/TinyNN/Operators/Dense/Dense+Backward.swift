extension Dense {
  public var differentiation: Differentiation? {
    Differentiation(inputs: activation.isClampOrNone ? .forWeights : .always, output: activation.function == .clamp)
  }

  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int {
    Format.aligned(activation.isClampOrNone ? 0 : 4 * output.count) + gradients(operands.shape(1), output).scratchByteCount
  }

  private func gradients(_ weights: Shape, _ output: Shape) -> MatrixGradients {
    MatrixGradients(rows: output.count / weights[0], depth: weights[1], columns: weights[0], taps: 1)
  }

  public func backward(_ context: borrowing BackwardContext) {
    let input = context.input(0), weights = context.input(1), output = context.output(0)
    let gradient = context.outputGradient
    let (columns, depth) = (weights.shape[0], weights.shape[1])
    var scratch = context.scratch
    if activation.isClampOrNone {
      activation.maskGradient(gradient, output: output.floats)
    } else {
      let bare = scratch.floats(at: 0, count: output.shape.count)
      scratch = ScratchMemory(arena: scratch.arena, offset: scratch.offset + Format.aligned(4 * output.shape.count))
      var again = context.forward
      again.training?.replacedOutput = bare
      Dense().run(again)
      activation.multiplyGradient(gradient, input: bare)
    }
    context.addBias(gradient, channels: columns, groups: 1)
    let memory = gradients(weights.shape, output.shape)
    let zeros = memory.zeros(scratch)
    let dY = MatrixGradients.Columns(gradient, start: 0, stride: columns)
    let inputGradient = context.inputGradient(0), weightGradient = context.weightGradient(1)
    if inputGradient != nil { memory.transposeWeights(weights.floats, tap: 0, scratch) }
    var first = 0
    while first < memory.rows {
      let count = min(memory.block, memory.rows - first)
      if let inputGradient {
        inputGradient.slice(first * depth, count * depth).add(
          memory.multiplyByWeights(dY, first, count, zeros, context.kernels, scratch))
      }
      if let weightGradient {
        let start = first
        memory.transpose(input.floats, count, scratch) { row in (start + row) * depth }
        memory.addWeights(dY, first, count, tap: 0, to: weightGradient, zeros, context.kernels, scratch)
      }
      first += count
    }
  }
}
