extension GlobalAveragePool {
  public var differentiation: Differentiation? { Differentiation(inputs: .never, output: false) }

  public func backward(_ context: borrowing BackwardContext) {
    guard let inputGradient = context.inputGradient(0) else { return }
    let shape = context.input(0).shape, gradient = context.outputGradient
    let channels = shape[3], pixels = shape[1] * shape[2]
    let divisor = Float(pixels)
    for i in 0..<gradient.count { gradient[i] = gradient[i] / divisor }
    for image in 0..<shape[0] {
      for pixel in 0..<pixels {
        inputGradient.slice((image * pixels + pixel) * channels, channels).add(gradient.slice(image * channels, channels))
      }
    }
  }
}
