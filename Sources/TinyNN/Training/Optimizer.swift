/// One update of everything that trains.
public struct OptimizerStep: Equatable, Sendable {
  public var learningRate: Float
  /// Momentum of SGD; decay of the first moment of Adam.
  public var momentum: Float
  /// Decay of Adam's second moment.
  public var secondDecay: Float
  public var epsilon: Float
  /// Decoupled: each step takes learningRate * weightDecay of the weights away; not of biases, nor of the scales of a
  /// normalisation.
  public var weightDecay: Float
  /// Share of the old average that stays; the first steps keep less, (1 + n) / (10 + n).
  public var averageDecay: Float

  public init(
    learningRate: Float, momentum: Float = 0.9, secondDecay: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0,
    averageDecay: Float = 0.98
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.secondDecay = secondDecay
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.averageDecay = averageDecay
  }
}

extension TrainingSession {
  /// Updates the weights from the gradients, multiplied by `scale` (one part for each batch that was added), and clears them.
  public mutating func step(_ options: OptimizerStep, gradientScale scale: Float = 1) {
    progress.stepCount += 1
    progress.firstDecay *= Double(options.momentum)
    progress.secondDecay *= Double(options.secondDecay)
    var adam = AdamStep(options, progress, gradientScale: scale)
    let warm = Float(progress.stepCount + 1) / Float(progress.stepCount + 10)
    let keep = warm < options.averageDecay ? warm : options.averageDecay
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      for input in 1...2 where layout.tail.trains(index, input: input) {
        let weights = master(index, input), gradient = state(index, input, 0), first = state(index, input, 1)
        let decays = input == 1 && model.weightForm(of: layout.tail.record(index)) != nil
        let shrink = decays ? 1 - options.learningRate * options.weightDecay : 1
        let mean = plan.options.keepsAverage ? average(index, input) : nil
        switch plan.options.optimizer {
        case .sgd:
          updateByFours(weights, gradient, first, second: nil, average: mean, share: 1 - keep) { w, g, m, _ in
            m = options.momentum * m + g * scale
            w = shrink * w - options.learningRate * m
          }
        case .adam:
          adam.shrink = shrink
          adam.update(weights, gradient: gradient, first: first, second: state(index, input, 2), average: mean, share: 1 - keep)
        }
      }
    }
    roundWeights()
  }

  /// Takes the average in place of the weights, to use or to export it. Training goes on from there.
  public mutating func adoptAverage() {
    guard plan.options.keepsAverage else { return }
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      for input in 1...2 where layout.tail.trains(index, input: input) { copy(average(index, input), to: master(index, input)) }
    }
    roundWeights()
  }

  /// Exchanges the average with the weights, for passes with the average: a second call brings the weights back.
  public mutating func exchangeAverage() {
    guard plan.options.keepsAverage else { return }
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      for input in 1...2 where layout.tail.trains(index, input: input) {
        let weights = master(index, input), mean = average(index, input)
        for i in 0..<weights.count {
          let value = weights[i]
          weights[i] = mean[i]
          mean[i] = value
        }
      }
    }
    roundWeights()
  }
}

/// One step of Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019), by its coefficients.
package struct AdamStep {
  private let rate: Float
  private let firstDecay: Float
  private let firstShare: Float
  private let secondDecay: Float
  private let secondShare: Float
  private let secondCorrection: Float
  private let epsilon: Float
  private let gradientScale: Float
  /// What is left of a weight before the step.
  var shrink: Float = 1

  /// Of a training session, whose progress counts this step already.
  init(_ options: OptimizerStep, _ progress: OptimizerProgress, gradientScale: Float) {
    rate = options.learningRate * Float(1 / (1 - progress.firstDecay))
    firstDecay = options.momentum
    firstShare = 1 - options.momentum
    secondDecay = options.secondDecay
    secondShare = 1 - options.secondDecay
    secondCorrection = Float(1 / (1 - progress.secondDecay))
    epsilon = options.epsilon
    self.gradientScale = gradientScale
  }

  /// With decays of 0.9 and 0.999 and no other state than the moments. `step` counts from 1.
  package init(learningRate: Float, step: Int) {
    var first = 1.0, second = 1.0
    // Beyond so many steps both are 0 in float precision.
    for _ in 0..<min(step, 20_000) {
      first *= 0.9
      second *= 0.999
    }
    rate = learningRate / Float(1 - first)
    firstDecay = 0.9
    firstShare = 0.1
    secondDecay = 0.999
    secondShare = 0.001
    secondCorrection = 1 / Float(1 - second)
    epsilon = 1e-8
    gradientScale = 1
  }

  /// Updates weights and both moments from the gradient, clears it, and moves the average toward the weights by `share`.
  package func update(
    _ weights: Elements<Float>, gradient: Elements<Float>, first: Elements<Float>, second: Elements<Float>,
    average: Elements<Float>? = nil, share: Float = 0
  ) {
    updateByFours(weights, gradient, first, second: second, average: average, share: share) { w, g, m, v in
      let g = g * gradientScale
      m = firstDecay * m + firstShare * g
      v = secondDecay * v + secondShare * (g * g)
      w = shrink * w - rate * m / ((v * secondCorrection).roots + epsilon)
    }
  }
}

/// Calls `body` with four weights at a time, their gradients, the optimizer's first and second value for each; clears the
/// gradients, and moves the average toward the new weights by `share`.
@inline(__always)
private func updateByFours(
  _ weights: Elements<Float>, _ gradient: Elements<Float>, _ first: Elements<Float>, second: Elements<Float>?,
  average: Elements<Float>?, share: Float,
  _ body: (_ w: inout SIMD4<Float>, _ g: SIMD4<Float>, _ m: inout SIMD4<Float>, _ v: inout SIMD4<Float>) -> Void
) {
  var i = 0
  while i &+ 4 <= weights.count {
    var (w, m) = (weights.vector(SIMD4<Float>.self, at: i), first.vector(SIMD4<Float>.self, at: i))
    var v = second.map { $0.vector(SIMD4<Float>.self, at: i) } ?? SIMD4()
    body(&w, gradient.vector(SIMD4<Float>.self, at: i), &m, &v)
    weights.store(w, at: i)
    first.store(m, at: i)
    second?.store(v, at: i)
    gradient.store(SIMD4<Float>(), at: i)
    if let average {
      let old = average.vector(SIMD4<Float>.self, at: i)
      average.store(old + share * (w - old), at: i)
    }
    i &+= 4
  }
  while i < weights.count {
    var (w, m, v) = (SIMD4(weights[i], 0, 0, 0), SIMD4(first[i], 0, 0, 0), SIMD4(second?[i] ?? 0, 0, 0, 0))
    body(&w, SIMD4(gradient[i], 0, 0, 0), &m, &v)
    weights[i] = w[0]
    first[i] = m[0]
    second?[i] = v[0]
    gradient[i] = 0
    if let average { average[i] = average[i] + share * (w[0] - average[i]) }
    i &+= 1
  }
}

extension SIMD4<Float> {
  /// The square root of each value, as one instruction where there is one.
  @inline(__always) fileprivate var roots: SIMD4<Float> {
    SIMD4(self[0].squareRoot(), self[1].squareRoot(), self[2].squareRoot(), self[3].squareRoot())
  }
}
