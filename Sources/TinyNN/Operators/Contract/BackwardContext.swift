/// What an operator's `backward` sees: its operands as `run` saw them, and their gradients.
public struct BackwardContext {
  let forward: OperatorContext
  let operands: TrainingOperands

  func input(_ index: Int) -> Tensor { forward.input(index) }
  func output(_ index: Int) -> Tensor { forward.output(index) }
  var kernels: Kernels { forward.kernels }
  var scratch: ScratchMemory { forward.scratch(share: 0) }

  /// The gradient of the output; `backward` may overwrite it.
  var outputGradient: Elements<Float> { gradient(operands.index + 1)! }

  /// The gradient of activations `index`, to be added to; nil if nobody wants it.
  func inputGradient(_ index: Int) -> Elements<Float>? {
    let tensor = forward.model.operand(forward.record, index)
    guard let tensor, forward.model.tensor(tensor).storage == .arena else { return nil }
    return gradient(operands.places.value.local(tensor))
  }

  /// The gradient of constant weights (1) or bias (2) in their packed layout, to be added to; nil if they do not train.
  func weightGradient(_ index: Int) -> Elements<Float>? {
    let places = operands.places
    return places.value.gradientOffset(operands.index, input: index).map { offset in
      operands.arena.elements(at: offset, count: places.value.counts[places.value.slot(operands.index, input: index)])
    }
  }

  private func gradient(_ local: Int) -> Elements<Float>? {
    let offset = operands.places.value.gradients[local]
    return offset < 0 ? nil : operands.arena.elements(at: offset, count: operands.places.value.shape(local).count)
  }
}

extension BackwardContext {
  /// Adds the sums of dY over its rows to the gradient of the bias, whose groups start at multiples of 16.
  func addBias(_ gradient: Elements<Float>, channels: Int, groups: Int) {
    guard let bias = weightGradient(2) else { return }
    let columns = channels / groups, padded = PanelPacking.padded(columns)
    for row in 0..<gradient.count / channels {
      for group in 0..<groups {
        bias.slice(group * padded, columns).add(gradient.slice(row * channels + group * columns, columns))
      }
    }
  }
}
