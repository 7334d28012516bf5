import TinyNN

/// Linear discriminant analysis with one covariance for all classes, in Gram form.
///
/// On features that the base covariance has whitened, the covariance is (1 - a) S + a t I with S the examples' scatter inside
/// their classes and t the mean of its diagonal: shrinkage toward the base covariance. Its inverse is applied by the
/// Woodbury identity with a matrix of the examples' scalar products.
package enum DiscriminantHead {
  package static let shrinkage: Float = 0.5

  /// Writes weights, [classes][features], and biases. `memory` as for ridge regression.
  package static func learn(_ support: SupportSet, _ memory: RidgeHead.Memory, weights: Values, biases: Values) {
    let (count, classes, width) = (support.count, support.classCount, support.dimension)
    weights.clear()
    for label in 0..<classes { biases[label] = 0 }
    for index in 0..<count {
      let label = support.label(index)
      weights.slice(label * width, width).add(support.embeddings[index])
      biases[label] = biases[label] + 1
    }
    for label in 0..<classes {
      for column in 0..<width { weights[label * width + column] = weights[label * width + column] / max(1, biases[label]) }
    }
    var trace: Float = 0
    for index in 0..<count {
      let row = memory.rows.slice(index * width, width), mean = weights.slice(support.label(index) * width, width)
      for column in 0..<width { row[column] = support.embeddings[index][column] - mean[column] }
      for column in 0...index {
        memory.inverse[index * count + column] = row.embedding.dot(memory.rows.slice(column * width, width).embedding)
      }
      trace = trace + memory.inverse[index * count + index]
    }
    let freedom = Float(max(1, count - classes))
    // One example for each class has no scatter; then the means alone decide, with scores of usual size.
    let variance = (trace > 0 ? trace / freedom : 1) / Float(width)
    let ridge = shrinkage * variance * freedom / (1 - shrinkage)
    for index in 0..<count { memory.inverse[index * count + index] = memory.inverse[index * count + index] + ridge }
    let matrix = SymmetricMatrix(values: memory.inverse, count: count)
    matrix.factorize()
    matrix.invertFactor()
    for index in 0..<count {
      let row = memory.rows.slice(index * width, width).embedding
      for label in 0..<classes { memory.targets[index * classes + label] = row.dot(weights.slice(label * width, width).embedding) }
    }
    matrix.solve(memory.targets, width: classes)
    for label in 0..<classes {
      let mean = weights.slice(label * width, width)
      for column in 0..<width { memory.centre[column] = mean[column] }
      for index in 0..<count {
        let coefficient = memory.targets[index * classes + label]
        let row = memory.rows.slice(index * width, width)
        for column in 0..<width { mean[column] = mean[column] - coefficient * row[column] }
      }
      for column in 0..<width { mean[column] = mean[column] / (shrinkage * variance * Float(width)) }
      biases[label] = -0.5 * mean.embedding.dot(memory.centre.embedding)
    }
  }
}

/// Logistic regression with a square penalty, in Gram form: gradient steps on the examples' coefficients with Nesterov's momentum.
package enum LogisticHead {
  private static let stepCount = 100
  private static let penalty: Float = 0.1

  /// After `RidgeHead.prepare`: leaves the coefficients in `memory.targets`, for `RidgeHead.writeWeights`. Every class has an
  /// example.
  package static func solve(_ support: SupportSet, diagonal: Float, _ memory: RidgeHead.Memory) {
    let (count, classes) = (support.count, support.classCount)
    let coefficients = memory.targets
    let ahead = memory.inverse.slice(0, count * classes), scores = memory.scores
    coefficients.clear()
    ahead.clear()
    let share = 1 / Float(count)
    var largest: Float = 0
    for index in 0..<count {
      var sum: Float = 0
      for other in 0..<count { sum = sum + (gram(memory, count, index, other) + share).magnitude }
      largest = max(largest, sum)
    }
    let decay = penalty * diagonal
    let step = 1 / (0.5 * largest + decay)
    for _ in 0..<stepCount {
      for index in 0..<count {
        scores.clear()
        for other in 0..<count {
          let product = gram(memory, count, index, other) + share
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

  private static func gram(_ memory: RidgeHead.Memory, _ count: Int, _ a: Int, _ b: Int) -> Float {
    a >= b ? memory.gram[a * count + b] : memory.gram[b * count + a]
  }
}
