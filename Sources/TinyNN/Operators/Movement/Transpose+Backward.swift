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
