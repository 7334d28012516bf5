public import TinyNN

/// Predicting by how many quarter turns a photo was rotated (Gidaris, Singh, Komodakis 2018), as auxiliary objective of few-shot
/// learning (Gidaris et al. 2019): an own head of two layers on the embedding, which trains along with the tail.
///
///     h = max(0, A u + a)   u: embedding of length 1, h: [hidden]        logits = B h + b   [4]
public struct RotationObjective: Sendable {
  public static let hidden = 64
  public static let turns = 4
  public let dimension: Int

  public init(dimension: Int) { self.dimension = dimension }

  // Memory: weights | gradients | Adam's two moments, each [hidden][dimension], [hidden], [4][hidden], [4]; then work.
  private var weightCount: Int {
    RotationObjective.hidden * (dimension + 1) + RotationObjective.turns * (RotationObjective.hidden + 1)
  }
  private var workCount: Int { dimension + 2 * RotationObjective.hidden + RotationObjective.turns }
  /// float32 values that `memory` holds in all calls.
  public var memoryCount: Int { 4 * weightCount + workCount }

  /// Draws the first weights: uniform, variance 2 / inputs (He et al. 2015).
  public func reset(_ memory: Elements<Float>, random: inout CounterRandom) {
    for i in 0..<memory.count { memory[i] = 0 }
    draw(memory.slice(0, RotationObjective.hidden * dimension), inputs: 1, &random)
    draw(
      memory.slice(RotationObjective.hidden * (dimension + 1), RotationObjective.turns * RotationObjective.hidden),
      inputs: RotationObjective.hidden, &random)
  }

  private func draw(_ weights: Elements<Float>, inputs: Int, _ random: inout CounterRandom) {
    let size = (6 / Float(inputs)).squareRoot()
    for i in 0..<weights.count { weights[i] = size * (2 * random.nextUnit() - 1) }
  }

  /// Loss of one example; adds the head's gradients, and `weight` times the derivative by the embedding to `gradient`.
  public func evaluate(
    _ embedding: Elements<Float>, turns label: Int, weight: Float, gradient: Elements<Float>, memory: Elements<Float>
  ) -> (loss: Float, isRight: Bool) {
    let (hidden, turns) = (RotationObjective.hidden, RotationObjective.turns)
    let length = embedding.length
    guard length > 0 else { return (0, false) }
    let a = memory.slice(0, weightCount), d = memory.slice(weightCount, weightCount)
    let work = memory.slice(4 * weightCount, workCount)
    let (h, dh, logits, du) = (
      work.slice(0, hidden), work.slice(hidden, hidden), work.slice(2 * hidden, turns), work.slice(2 * hidden + turns, dimension)
    )
    let second = hidden * (dimension + 1)
    for j in 0..<hidden {
      var sum: Float = 0
      for i in 0..<dimension { sum = sum + a[j * dimension + i] * embedding[i] }
      let value = sum / length + a[hidden * dimension + j]
      h[j] = value > 0 ? value : 0
    }
    var best = 0
    for t in 0..<turns {
      var sum = a[second + turns * hidden + t]
      for j in 0..<hidden { sum = sum + a[second + t * hidden + j] * h[j] }
      logits[t] = sum
      if sum > logits[best] { best = t }
    }
    let loss = softmax(logits, count: turns, label: label)
    for j in 0..<hidden { dh[j] = 0 }
    for t in 0..<turns {
      let slope = (logits[t] - (t == label ? 1 : 0)) * weight
      d[second + turns * hidden + t] = d[second + turns * hidden + t] + slope
      for j in 0..<hidden {
        d[second + t * hidden + j] = d[second + t * hidden + j] + slope * h[j]
        dh[j] = dh[j] + slope * a[second + t * hidden + j]
      }
    }
    for i in 0..<dimension { du[i] = 0 }
    for j in 0..<hidden where h[j] > 0 {
      d[hidden * dimension + j] = d[hidden * dimension + j] + dh[j]
      for i in 0..<dimension {
        d[j * dimension + i] = d[j * dimension + i] + dh[j] * (embedding[i] / length)
        du[i] = du[i] + dh[j] * a[j * dimension + i]
      }
    }
    var along: Float = 0
    for i in 0..<dimension { along = along + du[i] * (embedding[i] / length) }
    for i in 0..<dimension { gradient[i] = gradient[i] + (du[i] - along * (embedding[i] / length)) / length }
    return (loss, best == label)
  }

  /// One step of Adam for the head; clears its gradients. `step` counts from 1.
  public func update(_ memory: Elements<Float>, learningRate: Float, step: Int) {
    let weights = memory.slice(0, weightCount), gradient = memory.slice(weightCount, weightCount)
    let first = memory.slice(2 * weightCount, weightCount), second = memory.slice(3 * weightCount, weightCount)
    var (decay1, decay2) = (1.0, 1.0)
    for _ in 0..<min(step, 20_000) { (decay1, decay2) = (decay1 * 0.9, decay2 * 0.999) }
    let rate = learningRate / Float(1 - decay1), correction = 1 / Float(1 - decay2)
    for i in 0..<weightCount {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.999 * second[i] + 0.001 * (gradient[i] * gradient[i])
      weights[i] = weights[i] - rate * first[i] / ((second[i] * correction).squareRoot() + 1e-8)
      gradient[i] = 0
    }
  }
}
