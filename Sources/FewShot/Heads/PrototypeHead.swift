package import TinyNN

/// The class whose prototype, the mean of its examples, has the largest cosine.
public enum PrototypeHead {
  /// Writes the prototype of each class, the mean of its examples scaled to length 1, to the first `classCount * dimension`
  /// values of `prototypes`. A class whose examples cancel out, or are zero, gets zeros.
  public static func learn(_ support: SupportSet, into prototypes: inout MutableSpan<Float>) {
    prototypes.withElements { learn(support, into: $0) }
  }

  package static func learn(_ support: SupportSet, into prototypes: Elements<Float>) {
    let dimension = support.dimension
    prototypes.slice(0, support.classCount * dimension).clear()
    // The sum has the direction of the mean.
    for index in 0..<support.count {
      prototypes.slice(support.label(index) * dimension, dimension).add(support.embeddings[index])
    }
    for label in 0..<support.classCount { _ = prototypes.slice(label * dimension, dimension).normalize() }
  }

  /// The cosine that a new photo like example `left` has to the prototype of its class: a mean of one example more than that
  /// without it, which is nearer to all photos of the class. What the others say of it stays; the length is that of the whole mean.
  /// - Parameter row: `dimension` values.
  package static func cosineOfNew(like left: Int, of support: SupportSet, row: Elements<Float>) -> Float {
    let own = support.embeddings[left], count = Float(support.count(ofClass: support.label(left)))
    let length = leaveOut(left, of: support, into: row), product = length * own.dot(row.embedding)
    let whole = (length * length + 2 * product + own.dot(own)).squareRoot()
    return whole > 0 ? max(-1, min(1, product / whole * (count / (count - 1)))) : 0
  }

  /// The prototype that the class of example `left` has without it.
  /// - Returns: the length of the sum of the others.
  @discardableResult
  package static func leaveOut(_ left: Int, of support: SupportSet, into prototype: Elements<Float>) -> Float {
    let label = support.label(left)
    prototype.clear()
    for index in 0..<support.count where index != left && support.label(index) == label {
      prototype.add(support.embeddings[index])
    }
    return prototype.normalize()
  }
}

extension PrototypeHead: Head {
  package static var traits: HeadTraits {
    HeadTraits(
      method: .prototype, features: .plain, plainFeatures: .plain, presetScale: Calibrator.presetScale,
      oneShotScale: Calibrator.presetScale, leavingOut: .calibration)
  }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    Calibrator.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
  }

  package static func calibrate(
    _ examples: HeadExamples, penalty: Float, _ parts: HeadParts<PrototypeHead>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) -> Calibration {
    Calibrator.calibrate(
      examples.embeddings, prototypes: parts.prototypes.matrix(parts.classes, parts.dimension), statistics: examples.statistics,
      nearness: examples.nearness, scratch: scratch)
  }

  package static func classify(
    _ features: Embedding, _ parts: HeadParts<PrototypeHead>, _ calibration: Calibration, confidences: Elements<Float>,
    scratch: Elements<Float>
  ) -> Prediction {
    CosineClassifier(
      prototypes: parts.prototypes.matrix(parts.classes, parts.dimension), scale: calibration.scale,
      threshold: calibration.threshold
    ).classify(features, confidences: confidences)
  }
}
