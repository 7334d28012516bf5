package import TinyNN

/// Linear discriminant analysis with one covariance for all classes, in Gram form.
///
/// On features that the base covariance has whitened, the covariance is (1 - a) S + a t I with S the examples' scatter inside
/// their classes and t the mean of its diagonal: shrinkage toward the base covariance. Its inverse is applied by the
/// Woodbury identity with a matrix of the examples' scalar products.
package enum DiscriminantHead: LinearHead {
  private static let shrinkage: Float = 0.5

  package static var traits: HeadTraits {
    HeadTraits(
      method: .lda, features: .joint, plainFeatures: .plain, presetScale: 3, oneShotScale: 4, leavingOut: .refitting,
      exampleLimit: GramMemory.exampleLimit)
  }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    gramScratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
  }

  package static func fit(
    _ support: SupportSet, penalty: Float, prototypes: EmbeddingMatrix, weights: Elements<Float>, biases: Elements<Float>,
    leftOut: Elements<Float>, scratch: Elements<Float>
  ) {
    let memory = GramMemory(scratch, examples: support.count, classes: support.classCount, features: support.dimension)
    let count = support.count
    let classes = support.classCount
    let width = support.dimension
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
        memory.inverse[index, column] = row.embedding.dot(memory.rows.slice(column * width, width).embedding)
      }
      trace = trace + memory.inverse[index, index]
    }
    let freedom = Float(max(1, count - classes))
    // One example for each class has no scatter; then the means alone decide, with scores of usual size.
    let variance = (trace > 0 ? trace / freedom : 1) / Float(width)
    let ridge = shrinkage * variance * freedom / (1 - shrinkage)
    for index in 0..<count { memory.inverse[index, index] = memory.inverse[index, index] + ridge }
    let matrix = memory.inverse
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
