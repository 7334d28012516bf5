package import TinyNN

/// Classification by one weight row and one bias for each class on features of a photo.
///
/// A photo is unknown where its score is below the threshold: the largest cosine to a class's prototype of the features, and
/// for ridge regression the half of the largest class score on top, which tells apart what cosines do not.
public struct LinearClassifier: Sendable {
  /// [classes][features]
  package let weights: EmbeddingMatrix
  /// [classes]
  package let biases: Embedding
  /// [classes][features], each of length 1.
  package let prototypes: EmbeddingMatrix
  package let addsClassScore: Bool
  package let scale: Float
  package let threshold: Float

  package init(
    weights: EmbeddingMatrix, biases: Embedding, prototypes: EmbeddingMatrix, addsClassScore: Bool, scale: Float, threshold: Float
  ) {
    self.weights = weights
    self.biases = biases
    self.prototypes = prototypes
    self.addsClassScore = addsClassScore
    self.scale = scale
    self.threshold = threshold
  }

  /// Classifies features of length 1; `cosine` of the result is left to the caller. The probability of each class goes to
  /// the first values of `confidences`.
  package func classify(_ features: Embedding, _ confidences: Elements<Float>) -> Prediction {
    let classes = weights.count
    var best = 0
    var nearest = -Float.infinity
    for label in 0..<classes {
      confidences[label] = features.dot(weights[label]) + biases[label]
      if confidences[label] > confidences[best] { best = label }
      nearest = max(nearest, features.dot(prototypes[label]))
    }
    let score = LinearClassifier.score(nearest: nearest, classScore: confidences[best], addsClassScore)
    confidences.softmax(scale: scale, classes)
    return Prediction(
      label: best, cosine: nearest, score: score, confidence: confidences[best], isUnknown: score < threshold)
  }

  package static func score(nearest: Float, classScore: Float, _ addsClassScore: Bool) -> Float {
    addsClassScore ? nearest + 0.5 * classScore : nearest
  }
}
