package import TinyNN

/// Logistic regression with a square penalty, in Gram form: gradient steps on the examples' coefficients with Nesterov's momentum.
package enum LogisticHead: LinearHead {
  private static let stepCount = 100
  private static let decay: Float = 0.1

  package static var traits: HeadTraits {
    HeadTraits(
      method: .logistic, features: .joint, plainFeatures: .plain, presetScale: 2, oneShotScale: 2.5, leavingOut: .refitting,
      exampleLimit: GramMemory.exampleLimit)
  }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    gramScratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
  }

  package static func fit(
    _ examples: SupportSet, penalty: Float, prototypes: EmbeddingMatrix, weights: Elements<Float>, biases: Elements<Float>,
    leftOut: Elements<Float>, scratch: Elements<Float>
  ) {
    let memory = GramMemory(scratch, examples: examples.count, classes: examples.classCount, features: examples.dimension)
    let diagonal = memory.prepare(examples.embeddings)
    solve(examples, diagonal: diagonal, memory)
    memory.writeWeights(examples: examples.count, classes: examples.classCount, weights: weights, biases: biases)
  }

  /// After `memory.prepare`: leaves the coefficients in `memory.targets`. Every class has an example.
  private static func solve(_ support: SupportSet, diagonal: Float, _ memory: GramMemory) {
    let (count, classes) = (support.count, support.classCount)
    let coefficients = memory.targets
    let ahead = memory.spare, scores = memory.scores
    coefficients.clear()
    ahead.clear()
    let share = 1 / Float(count)
    var largest: Float = 0
    for index in 0..<count {
      var sum: Float = 0
      for other in 0..<count { sum = sum + (memory.gram.element(index, other) + share).magnitude }
      largest = max(largest, sum)
    }
    let decay = LogisticHead.decay * diagonal
    let step = 1 / (0.5 * largest + decay)
    for _ in 0..<stepCount {
      for index in 0..<count {
        scores.clear()
        for other in 0..<count {
          let product = memory.gram.element(index, other) + share
          for label in 0..<classes { scores[label] = scores[label] + product * ahead[other * classes + label] }
        }
        scores.softmax(scale: 1, classes)
        for label in 0..<classes {
          let place = index * classes + label
          let gradient = scores[label] - (support.label(index) == label ? 1 : 0) + decay * ahead[place]
          let new = ahead[place] - step * gradient
          let old = coefficients[place]
          coefficients[place] = new
          // Examples after this one already see its step, as in Gauss-Seidel iterations.
          ahead[place] = new + 0.9 * (new - old)
        }
      }
    }
  }
}
