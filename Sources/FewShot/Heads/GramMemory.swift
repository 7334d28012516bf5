package import TinyNN

/// Working memory of heads that solve for one coefficient of each example and class: centred features and the matrix of their
/// scalar products.
package struct GramMemory {
  /// More examples than this are too many for a Gram matrix.
  package static let exampleLimit = 2048

  /// [examples][features]
  package let rows: Elements<Float>
  /// [features]
  package let centre: Elements<Float>
  package let gram: SymmetricMatrix
  package let inverse: SymmetricMatrix
  /// [examples][classes], in the place of `inverse`.
  package let spare: Elements<Float>
  /// [examples][classes]
  package let targets: Elements<Float>
  /// [classes]
  package let scores: Elements<Float>

  package init(_ scratch: Elements<Float>, examples: Int, classes: Int, features: Int) {
    rows = scratch.slice(0, examples * features)
    centre = scratch.slice(rows.count, features)
    let triangle = SymmetricMatrix.valueCount(examples), coefficients = examples * classes
    var rest = scratch.slice(rows.count + features, scratch.count - rows.count - features)
    gram = SymmetricMatrix(rest, count: examples)
    rest = rest.slice(triangle, rest.count - triangle)
    inverse = SymmetricMatrix(rest, count: examples)
    spare = rest.slice(0, coefficients)
    rest = rest.slice(max(triangle, coefficients), rest.count - max(triangle, coefficients))
    targets = rest.slice(0, coefficients)
    scores = rest.slice(coefficients, classes)
  }

  /// Values of working memory.
  package static func count(examples: Int, classes: Int, features: Int) -> Int {
    let triangle = SymmetricMatrix.valueCount(examples), coefficients = examples * classes
    return examples * features + features + triangle + max(triangle, coefficients) + coefficients + classes
  }

  /// Centres `features`, [examples][features], and computes their Gram matrix. Returns the mean of its diagonal.
  package func prepare(_ features: EmbeddingMatrix) -> Float {
    let (count, width) = (features.count, features.dimension)
    centre.clear()
    for index in 0..<count { centre.add(features[index]) }
    for column in 0..<width { centre[column] = centre[column] / Float(count) }
    for index in 0..<count {
      for column in 0..<width { rows[index * width + column] = features[index][column] - centre[column] }
    }
    var trace: Float = 0
    for row in 0..<count {
      let a = rows.slice(row * width, width).embedding
      for column in 0...row { gram[row, column] = a.dot(rows.slice(column * width, width).embedding) }
      trace = trace + gram[row, row]
    }
    return max(1e-9, trace / Float(count))
  }

  /// With the examples' coefficients in `targets`: weights, [classes][features], and biases of the scores.
  package func writeWeights(examples: Int, classes: Int, weights: Elements<Float>, biases: Elements<Float>) {
    let width = centre.count
    weights.clear()
    for label in 0..<classes {
      let row = weights.slice(label * width, width)
      var sum: Float = 0
      for index in 0..<examples {
        let coefficient = targets[index * classes + label]
        sum = sum + coefficient
        let example = rows.slice(index * width, width)
        for column in 0..<width { row[column] = row[column] + coefficient * example[column] }
      }
      biases[label] = sum / Float(examples) - row.embedding.dot(centre.embedding)
    }
  }
}

extension LinearHead {
  /// `scratchCount` of a head that learns with a `GramMemory`.
  package static func gramScratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    let features = traits.features.count(dimension)
    return max(
      GramMemory.count(examples: examples, classes: max(classes, examples), features: features),
      LinearCalibrator.scratchCount(
        examples: examples, classes: classes, dimension: dimension, features: features, background: background))
  }
}
