package import TinyNN

/// Ridge regression of the classes on centred features, in Gram form: all work is on the matrix of the examples' scalar
/// products, so examples are added and removed exactly.
///
/// With K the centred Gram matrix of n examples, A = (K + lambda I + 1 1'/n)^-1 Y, and scores are k(x) A plus the mean of A's
/// rows. Y is 1 for an example's own class minus 1 / classes. lambda is a multiple of the mean of K's diagonal, so that it
/// means the same for every encoder. The example i left out has the scores y_i - a_i / G_ii with G the inverse (Allen,
/// "PRESS", 1974), the centre and lambda being those of all examples.
package enum RidgeHead: LinearHead {
  private static let penalty: Float = 1
  private static let oneShotPenalty: Float = 2

  package static var traits: HeadTraits {
    HeadTraits(
      method: .ridge, features: .joint, plainFeatures: .plain, presetScale: 8, oneShotScale: 12, leavingOut: .learning,
      exampleLimit: GramMemory.exampleLimit)
  }

  package static var addsClassScore: Bool { true }

  package static func penalty(fewest: Int) -> Float { fewest > 1 ? penalty : oneShotPenalty }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    gramScratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
  }

  package static func fit(
    _ examples: SupportSet, penalty: Float, prototypes: EmbeddingMatrix, weights: Elements<Float>, biases: Elements<Float>,
    leftOut: Elements<Float>, scratch: Elements<Float>
  ) {
    let memory = GramMemory(scratch, examples: examples.count, classes: examples.classCount, features: examples.dimension)
    let diagonal = memory.prepare(examples.embeddings)
    solve(examples, penalty: penalty * diagonal, memory, leftOut: leftOut)
    memory.writeWeights(examples: examples.count, classes: examples.classCount, weights: weights, biases: biases)
  }

  /// Solves for one penalty, after `prepare`, and writes the left-out examples' scores, [examples][classes]. The coefficients A
  /// stay in `memory.targets`.
  package static func solve(_ support: SupportSet, penalty: Float, _ memory: GramMemory, leftOut: Elements<Float>) {
    let (count, classes) = (support.count, support.classCount)
    let share = 1 / Float(count)
    for row in 0..<count {
      for column in 0...row {
        memory.inverse[row, column] = memory.gram[row, column] + share + (row == column ? penalty : 0)
      }
    }
    for index in 0..<count {
      for label in 0..<classes { memory.targets[index * classes + label] = target(support, index, label) }
    }
    let matrix = memory.inverse
    matrix.factorize()
    matrix.invertFactor()
    matrix.solve(memory.targets, width: classes)
    for index in 0..<count {
      let diagonal = matrix.inverseDiagonal(index)
      for label in 0..<classes {
        leftOut[index * classes + label] = target(support, index, label) - memory.targets[index * classes + label] / diagonal
      }
    }
  }

  private static func target(_ support: SupportSet, _ index: Int, _ label: Int) -> Float {
    (support.label(index) == label ? 1 : 0) - 1 / Float(support.classCount)
  }
}
