import TinyNN

/// Ridge regression of the classes on centred features, in Gram form: all work is on the matrix of the examples' scalar
/// products, so examples are added and removed exactly.
///
/// With K the centred Gram matrix of n examples, A = (K + lambda I + 1 1'/n)^-1 Y, and scores are k(x) A plus the mean of A's
/// rows. Y is 1 for an example's own class minus 1 / classes. lambda is a multiple of the mean of K's diagonal, so that it
/// means the same for every encoder. The example i left out has the scores y_i - a_i / G_ii with G the inverse (Allen,
/// "PRESS", 1974), the centre and lambda being those of all examples.
package enum RidgeHead {
  /// More examples than this are too many for a Gram matrix.
  package static let exampleLimit = 2048

  /// Floats that `learn` needs besides its results.
  package static func scratchCount(examples: Int, classes: Int, features: Int) -> Int {
    examples * features + features + 2 * examples * examples + examples * classes + classes
  }

  /// Working memory: the examples' centred features and Gram matrix.
  package struct Memory {
    /// [examples][features]
    package let rows: Values
    /// [features]
    package let centre: Values
    /// [examples][examples]
    package let gram: Values
    package let inverse: Values
    /// [examples][classes]
    package let targets: Values
    /// [classes]
    package let scores: Values

    package init(_ scratch: Values, examples: Int, classes: Int, features: Int) {
      rows = scratch.slice(0, examples * features)
      centre = scratch.slice(rows.count, features)
      gram = scratch.slice(rows.count + features, examples * examples)
      inverse = scratch.slice(rows.count + features + gram.count, gram.count)
      targets = scratch.slice(rows.count + features + 2 * gram.count, examples * classes)
      scores = scratch.slice(rows.count + features + 2 * gram.count + targets.count, classes)
    }
  }

  /// Centres `features`, [examples][features], and computes their Gram matrix. Returns the mean of its diagonal.
  package static func prepare(_ features: EmbeddingMatrix, _ memory: Memory) -> Float {
    let (count, width) = (features.count, features.dimension)
    memory.centre.clear()
    for index in 0..<count { memory.centre.add(features[index]) }
    for column in 0..<width { memory.centre[column] = memory.centre[column] / Float(count) }
    for index in 0..<count {
      for column in 0..<width { memory.rows[index * width + column] = features[index][column] - memory.centre[column] }
    }
    var trace: Float = 0
    for row in 0..<count {
      let a = memory.rows.slice(row * width, width).embedding
      for column in 0...row { memory.gram[row * count + column] = a.dot(memory.rows.slice(column * width, width).embedding) }
      trace = trace + memory.gram[row * count + row]
    }
    return max(1e-9, trace / Float(count))
  }

  /// Solves for one penalty, after `prepare`, and writes the left-out examples' scores, [examples][classes]. The coefficients A
  /// stay in `memory.targets`.
  package static func solve(_ support: SupportSet, penalty: Float, _ memory: Memory, leftOut: Values) {
    let (count, classes) = (support.count, support.classCount)
    let share = 1 / Float(count)
    for row in 0..<count {
      for column in 0...row {
        memory.inverse[row * count + column] = memory.gram[row * count + column] + share + (row == column ? penalty : 0)
      }
    }
    for index in 0..<count {
      for label in 0..<classes { memory.targets[index * classes + label] = target(support, index, label) }
    }
    let matrix = SymmetricMatrix(values: memory.inverse, count: count)
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

  /// After `solve`: weights, [classes][features], and biases of the scores.
  package static func writeWeights(_ memory: Memory, examples: Int, classes: Int, weights: Values, biases: Values) {
    let width = memory.centre.count
    weights.clear()
    for label in 0..<classes {
      let row = weights.slice(label * width, width)
      var sum: Float = 0
      for index in 0..<examples {
        let coefficient = memory.targets[index * classes + label]
        sum = sum + coefficient
        let example = memory.rows.slice(index * width, width)
        for column in 0..<width { row[column] = row[column] + coefficient * example[column] }
      }
      biases[label] = sum / Float(examples) - row.embedding.dot(memory.centre.embedding)
    }
  }

  private static func target(_ support: SupportSet, _ index: Int, _ label: Int) -> Float {
    (support.label(index) == label ? 1 : 0) - 1 / Float(support.classCount)
  }
}
