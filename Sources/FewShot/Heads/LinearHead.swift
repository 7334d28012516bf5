package import TinyNN

/// A head of one weight row and one bias for each class on its features. Its parts: weights, [classes][features]; biases,
/// [classes]; prototypes of the features, [classes][features], each of length 1.
package protocol LinearHead: Head {
  /// True if the largest class score tells known photos from unknown ones, too: see `LinearClassifier`.
  static var addsClassScore: Bool { get }

  /// Writes weights and biases, and with `LeavingOut.learning` the scores of the left-out examples, [examples][classes].
  static func fit(
    _ examples: SupportSet, penalty: Float, prototypes: EmbeddingMatrix, weights: Elements<Float>, biases: Elements<Float>,
    leftOut: Elements<Float>, scratch: Elements<Float>)
}

extension LinearHead {
  package static var addsClassScore: Bool { false }

  package static func part(_ index: Int, classes: Int, features: Int) -> (rows: Int, columns: Int)? {
    switch index {
    case 0, 2: (classes, features)
    case 1: (1, classes)
    default: nil
    }
  }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    LinearCalibrator.scratchCount(
      examples: examples, classes: classes, dimension: dimension, features: traits.features.count(dimension),
      background: background)
  }

  package static func learn(
    _ examples: HeadExamples, penalty: Float, into parts: HeadParts<Self>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) {
    PrototypeHead.learn(examples.features, into: parts.part(2))
    fit(
      examples.features, penalty: penalty, prototypes: parts.rows(ofPart: 2), weights: parts.part(0), biases: parts.part(1),
      leftOut: leftOut, scratch: scratch)
  }

  /// The prototypes of the features as weights.
  package static func fit(
    _ examples: SupportSet, penalty: Float, prototypes: EmbeddingMatrix, weights: Elements<Float>, biases: Elements<Float>,
    leftOut: Elements<Float>, scratch: Elements<Float>
  ) {
    for label in 0..<prototypes.count { weights.slice(label * prototypes.dimension, prototypes.dimension).copy(prototypes[label]) }
    biases.clear()
    LinearCalibrator.leaveOutCosines(
      examples, prototypes: prototypes, row: scratch.slice(0, prototypes.dimension), to: leftOut)
  }

  package static func writeScores(of features: Embedding, _ parts: HeadParts<Self>, to scores: Elements<Float>) {
    let weights = parts.part(0), biases = parts.part(1)
    for label in 0..<parts.classes {
      var sum = biases[label]
      for column in 0..<features.count { sum = sum + weights[label * features.count + column] * features[column] }
      scores[label] = sum
    }
  }

  package static func calibrate(
    _ examples: HeadExamples, penalty: Float, _ parts: HeadParts<Self>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) -> Calibration {
    // What was solved for equal embeddings is chance, if it is finite at all: no class is likelier.
    if examples.embeddings.areAllEqual {
      parts.part(0).clear()
      parts.part(1).clear()
    }
    return LinearCalibrator.calibrate(
      examples, traits, classifier(parts, scale: 1, threshold: 0), penalty: penalty, leftOut: leftOut, scratch: scratch)
  }

  package static func check(_ parts: HeadParts<Self>, _ check: SectionCheck) throws(ModelError) {
    try check.requireNormalized(parts.rows(ofPart: 2), at: parts.start(ofPart: 2))
  }

  package static func classify(
    _ features: Embedding, _ parts: HeadParts<Self>, _ calibration: Calibration, confidences: Elements<Float>,
    scratch: Elements<Float>
  ) -> Prediction {
    classifier(parts, scale: calibration.scale, threshold: calibration.threshold).classify(features, confidences)
  }

  private static func classifier(_ parts: HeadParts<Self>, scale: Float, threshold: Float) -> LinearClassifier {
    LinearClassifier(
      weights: parts.rows(ofPart: 0), biases: parts.part(1).embedding, prototypes: parts.rows(ofPart: 2),
      addsClassScore: addsClassScore, scale: scale, threshold: threshold)
  }
}
