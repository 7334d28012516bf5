import TinyNN

/// Finds the scale and the threshold of a linear head from the scores that its examples have when they are left out.
///
/// Scale: it makes the left-out examples likeliest, under a prior around a preset that counts as much as a few examples,
/// raised by half over the examples of a class: with one example fewer, a head is less sure than it will be. The prior is around
/// the encoder's own scale where its statistics have one for so few examples. With one example for each class the scale is that, or
/// a preset.
///
/// Threshold: keeps the stated part of the left-out examples. Classes with one example have none to leave out; there it
/// refuses 90 % of the background, or a quarter of the other classes' examples where the encoder has no background.
package enum LinearCalibrator {
  package static let ridgeScale: Float = 8

  /// What left-out examples need of most encoders.
  package static func presetScale(_ method: HeadMethod) -> Float {
    switch method {
    case .lda: 3
    case .logistic: 2
    case .ridge: ridgeScale
    default: Calibrator.presetScale
    }
  }

  /// The scale of a head of one example for each class.
  package static func oneShotScale(_ method: HeadMethod) -> Float {
    switch method {
    case .lda: 4
    case .logistic: 2.5
    case .ridge: 12
    default: Calibrator.presetScale
    }
  }
  private static let priorWeight: Float = 2
  private static let stepCount = 33

  /// 1, 2^(1/4), ... 256.
  private static func scale(_ step: Int) -> Float { ElementaryMath.exp(Float(step) * 0.17328680) }

  /// `leftOut`: [examples][classes]; every class has at least two examples.
  package static func fittedScale(_ support: SupportSet, _ leftOut: Values, preset: Float) -> Float {
    var best = (scale: preset, loss: Float.infinity)
    for step in 0..<stepCount {
      let scale = scale(step)
      let distance = ElementaryMath.log(scale) - ElementaryMath.log(preset)
      let loss = lossOfLeftOut(support, leftOut, scale: scale) + priorWeight * distance * distance
      if loss < best.loss { best = (scale, loss) }
    }
    return best.scale * raise(support.fewest)
  }

  private static func raise(_ fewest: Int) -> Float { 1 + 0.5 / Float(fewest) }

  /// The scale of left-out examples that belongs to a head's scale.
  package static func leftOut(_ scale: Float, _ fewest: Int) -> Float { scale / raise(fewest) }

  /// The negative log-likelihood of the left-out examples.
  package static func lossOfLeftOut(_ support: SupportSet, _ leftOut: Values, scale: Float) -> Float {
    let classes = support.classCount
    var loss: Float = 0
    for index in 0..<support.count {
      let row = leftOut.slice(index * classes, classes)
      var largest = -Float.infinity
      for label in 0..<classes { largest = max(largest, row[label]) }
      var total: Float = 0
      for label in 0..<classes { total = total + ElementaryMath.exp(scale * (row[label] - largest)) }
      loss = loss + (ElementaryMath.log(total) - scale * (row[support.label(index)] - largest))
    }
    return loss
  }

  /// Left-out examples whose own class has the largest score.
  package static func rightCount(_ support: SupportSet, _ leftOut: Values) -> Int {
    let classes = support.classCount
    var right = 0
    for index in 0..<support.count {
      let own = support.label(index)
      var isRight = true
      for label in 0..<classes where label != own && leftOut[index * classes + label] >= leftOut[index * classes + own] {
        isRight = false
      }
      if isRight { right += 1 }
    }
    return right
  }

  /// Writes the cosine of every example to the prototype of every class, its own left out of its class's, to `cosines`,
  /// [examples][classes]. A class's only example has the cosine -1 to it.
  package static func leaveOutCosines(_ support: SupportSet, prototypes: EmbeddingMatrix, row: Values, to cosines: Values) {
    let classes = support.classCount
    for index in 0..<support.count {
      let own = support.label(index)
      for label in 0..<classes { cosines[index * classes + label] = support.embeddings[index].dot(prototypes[label]) }
      if support.count(ofClass: own) > 1 {
        PrototypeHead.leaveOut(index, of: support, into: row)
        cosines[index * classes + own] = support.embeddings[index].dot(row.embedding)
      } else {
        cosines[index * classes + own] = -1
      }
    }
  }
}
