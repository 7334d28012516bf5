extension LayerNormalization {
  public var differentiation: Differentiation? { Differentiation(inputs: .always, output: false) }

  /// Scale and shift train.
  public func trainedCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int { operands.shape(index).count }

  /// With n = (x - mean) factor and g = dy scale: dx = factor (g - mean(g) - n mean(g n)); without mean(g) in the root mean square
  /// form.
  public func backward(_ context: borrowing BackwardContext) {
    let input = context.input(0), source = input.floats, scale = context.input(1).floats
    let gradient = context.outputGradient
    let target = context.inputGradient(0), scaleGradient = context.weightGradient(1), shiftGradient = context.weightGradient(2)
    let channels = input.shape[input.shape.rank - 1]
    let divisor = Float(channels)
    for row in 0..<input.shape.count / channels {
      let start = row * channels
      let (mean, factor) = moments(source, start, channels)
      let dY = gradient.slice(start, channels)
      shiftGradient?.add(dY)
      if let scaleGradient {
        for i in 0..<channels { scaleGradient[i] = scaleGradient[i] + dY[i] * ((source[start + i] - mean) * factor) }
      }
      guard let target else { continue }
      let along = interleavedSum(channels) { i in dY[i] * scale[i] * ((source[start + i] - mean) * factor) } / divisor
      let level = centres ? interleavedSum(channels) { i in dY[i] * scale[i] } / divisor : 0
      for i in 0..<channels {
        let normal = (source[start + i] - mean) * factor
        target[start + i] = target[start + i] + factor * (dY[i] * scale[i] - level - normal * along)
      }
    }
  }
}
