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
    let correction1 = Float(1 / (1 - progress.firstDecay)), correction2 = Float(1 / (1 - progress.secondDecay))
    let warm = Float(progress.stepCount + 1) / Float(progress.stepCount + 10)
    let keep = warm < options.averageDecay ? warm : options.averageDecay
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      for input in 1...2 where layout.tail.trains(index, input: input) {
        let weights = master(index, input), gradient = state(index, input, 0), first = state(index, input, 1)
        let decays = input == 1 && layout.tail.record(index).kind != .layerNormalization
        let shrink = decays ? 1 - options.learningRate * options.weightDecay : 1
        switch plan.options.optimizer {
        case .sgd:
          for i in 0..<weights.count {
            let moment = options.momentum * first[i] + gradient[i] * scale
            first[i] = moment
            weights[i] = shrink * weights[i] - options.learningRate * moment
          }
        case .adam:
          let second = state(index, input, 2)
          let rate = options.learningRate * correction1
          let (keep1, keep2) = (options.momentum, options.secondDecay)
          for i in 0..<weights.count {
            let g = gradient[i] * scale
            let m = keep1 * first[i] + (1 - keep1) * g
            let v = keep2 * second[i] + (1 - keep2) * (g * g)
            first[i] = m
            second[i] = v
            weights[i] = shrink * weights[i] - rate * m / ((v * correction2).squareRoot() + options.epsilon)
          }
        }
        for i in 0..<gradient.count { gradient[i] = 0 }
        if plan.options.keepsAverage {
          let mean = average(index, input)
          for i in 0..<weights.count { mean[i] = mean[i] + (1 - keep) * (weights[i] - mean[i]) }
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
}
