package import TinyNN

/// Two layers on an embedding that train along with the tail, for objectives that predict something of a view or compare views
/// by a projection.
///
///     h = max(0, A u + a)   u: embedding of length 1, h: [hidden]        logits = B h + b   [outputs]
///
/// Memory: weights | gradients | Adam's two moments, each A [hidden][inputs], a, B [outputs][hidden], b; then work.
package struct AuxiliaryHead {
  private static let hidden = 64
  /// The head starts from nothing and learns faster than the tail.
  private static let learningRateFactor: Float = 10

  private let inputCount: Int
  private let outputCount: Int
  private var hidden: Int { AuxiliaryHead.hidden }

  package init(inputCount: Int, outputCount: Int) {
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  package var parameterCount: Int { hidden * (inputCount + 1) + outputCount * (hidden + 1) }
  package var memoryCount: Int { 4 * parameterCount + inputCount + 2 * hidden + outputCount }

  /// The parts of weights or gradients.
  private struct Layers {
    let a, aBias, b, bBias: Elements<Float>
  }

  private func layers(_ values: Elements<Float>) -> Layers {
    let second = hidden * (inputCount + 1)
    return Layers(
      a: values.slice(0, hidden * inputCount), aBias: values.slice(hidden * inputCount, hidden),
      b: values.slice(second, outputCount * hidden), bBias: values.slice(second + outputCount * hidden, outputCount))
  }

  /// Draws the first weights: uniform, variance 2 / inputs (He et al. 2015).
  package func reset(_ memory: Elements<Float>, random: inout CounterRandom) {
    memory.clear()
    let weights = layers(memory)
    draw(weights.a, inputs: 1, &random)
    draw(weights.b, inputs: hidden, &random)
  }

  private func draw(_ weights: Elements<Float>, inputs: Int, _ random: inout CounterRandom) {
    let size = (6 / Float(inputs)).squareRoot()
    for i in 0..<weights.count { weights[i] = size * (2 * random.nextUnit() - 1) }
  }

  /// The mean cross-entropy of the targets, 0 ..< outputs, of a batch's rows; see `Objective.loss`.
  package func crossEntropy(_ batch: ObjectiveBatch, _ memory: Elements<Float>, target: (ObjectiveRow) -> Int) -> Float {
    let weight = batch.weight / Float(batch.rows.count)
    var sum: Float = 0
    for row in 0..<batch.rows.count {
      let gradient = batch.gradient(row)
      gradient.clear()
      sum = sum + crossEntropy(batch.embedding(row), memory, target: target(batch.rows[row]), weight: weight, to: gradient)
    }
    return sum / Float(batch.rows.count)
  }

  /// The cross-entropy of one target; adds `weight` times its gradients. An embedding of zeros says nothing.
  package func crossEntropy(
    _ embedding: Elements<Float>, _ memory: Elements<Float>, target: Int, weight: Float, to gradient: Elements<Float>
  ) -> Float {
    guard embedding.length > 0 else { return 0 }
    let logits = outputs(of: embedding, memory)
    let loss = softmax(logits, count: outputCount, label: target)
    for t in 0..<outputCount { logits[t] = (logits[t] - (t == target ? 1 : 0)) * weight }
    addGradients(of: embedding, memory, to: gradient)
    return loss
  }

  // Work: h | its gradient | logits, whose gradient takes their place | the gradient of u.
  private func work(_ memory: Elements<Float>, _ start: Int, _ count: Int) -> Elements<Float> {
    memory.slice(4 * parameterCount + start, count)
  }
  private func hiddenValues(_ memory: Elements<Float>) -> Elements<Float> { work(memory, 0, hidden) }
  private func logits(_ memory: Elements<Float>) -> Elements<Float> { work(memory, 2 * hidden, outputCount) }

  /// The outputs of an embedding, at a place of which the next call makes use again.
  package func outputs(of embedding: Elements<Float>, _ memory: Elements<Float>) -> Elements<Float> {
    let length = embedding.length
    let weights = layers(memory), h = hiddenValues(memory), logits = logits(memory)
    for j in 0..<hidden {
      var sum: Float = 0
      for i in 0..<inputCount { sum = sum + weights.a[j * inputCount + i] * embedding[i] }
      let value = (length > 0 ? sum / length : 0) + weights.aBias[j]
      h[j] = value > 0 ? value : 0
    }
    for t in 0..<outputCount {
      var sum = weights.bBias[t]
      for j in 0..<hidden { sum = sum + weights.b[t * hidden + j] * h[j] }
      logits[t] = sum
    }
    return logits
  }

  /// From the gradient by the outputs, which is where they were since they were asked for this embedding: adds the weights'
  /// gradients, and the embedding's to `gradient`.
  package func addGradients(of embedding: Elements<Float>, _ memory: Elements<Float>, to gradient: Elements<Float>) {
    let length = embedding.length
    let weights = layers(memory), slopes = layers(memory.slice(parameterCount, parameterCount))
    let h = hiddenValues(memory), dh = work(memory, hidden, hidden), dLogits = logits(memory)
    let du = work(memory, 2 * hidden + outputCount, inputCount)
    dh.clear()
    for t in 0..<outputCount {
      let slope = dLogits[t]
      slopes.bBias[t] = slopes.bBias[t] + slope
      for j in 0..<hidden {
        slopes.b[t * hidden + j] = slopes.b[t * hidden + j] + slope * h[j]
        dh[j] = dh[j] + slope * weights.b[t * hidden + j]
      }
    }
    du.clear()
    for j in 0..<hidden where h[j] > 0 {
      slopes.aBias[j] = slopes.aBias[j] + dh[j]
      guard length > 0 else { continue }
      for i in 0..<inputCount {
        slopes.a[j * inputCount + i] = slopes.a[j * inputCount + i] + dh[j] * (embedding[i] / length)
        du[i] = du[i] + dh[j] * weights.a[j * inputCount + i]
      }
    }
    guard length > 0 else { return }
    // d L / d e = (d L / d u - (u . d L / d u) u) / |e|
    var along: Float = 0
    for i in 0..<inputCount { along = along + du[i] * (embedding[i] / length) }
    for i in 0..<inputCount { gradient[i] = gradient[i] + (du[i] - along * (embedding[i] / length)) / length }
  }

  /// One step of Adam; clears the gradients. `learningRate`: the tail's; `step` counts from 1.
  package func update(_ memory: Elements<Float>, learningRate: Float, step: Int) {
    let count = parameterCount
    AdamStep(learningRate: AuxiliaryHead.learningRateFactor * learningRate, step: step).update(
      memory.slice(0, count), gradient: memory.slice(count, count), first: memory.slice(2 * count, count),
      second: memory.slice(3 * count, count))
  }
}
