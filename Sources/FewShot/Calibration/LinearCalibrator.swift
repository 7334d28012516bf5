package import TinyNN

/// Finds the scale and the threshold of a linear head from the scores that its examples have when they are left out.
///
/// Scale: it makes the left-out examples likeliest, under a prior around a preset that counts as much as a few examples,
/// raised by half over the examples of a class: with one example fewer, a head is less sure than it will be. Left-out examples that
/// are answered no better than by chance leave every class about as likely. The prior is around
/// the encoder's own scale where its statistics have one for so few examples. With one example for each class the scale is that, or
/// a preset.
///
/// Threshold: keeps the stated part of the left-out examples. Classes with one example have none to leave out; there it
/// refuses 90 % of the background, or a quarter of the other classes' examples where the encoder has no background.
package enum LinearCalibrator {
  /// Values of working memory.
  package static func scratchCount(examples: Int, classes: Int, dimension: Int, features: Int, background: Int) -> Int {
    examples * classes + features + dimension + classes + max(examples, background)
  }

  /// - Parameters:
  ///   - classifier: of any scale and threshold.
  ///   - leftOut: [examples][classes]; not read where a class has one example.
  ///   - scratch: at least `scratchCount` values.
  package static func calibrate(
    _ examples: HeadExamples, _ traits: HeadTraits, _ classifier: LinearClassifier, penalty: Float, leftOut: Elements<Float>,
    scratch: Elements<Float>
  ) -> Calibration {
    let support = examples.features, (count, classes) = (support.count, support.classCount)
    let cosines = scratch.slice(0, count * classes)
    let rest = scratch.slice(cosines.count, scratch.count - cosines.count)
    let row = rest.slice(0, support.dimension), scores = rest.slice(row.count, rest.count - row.count)
    leaveOutCosines(support, prototypes: classifier.prototypes, row: row, asNew: true, to: cosines)
    func score(_ index: Int, except own: Int) -> Float {
      var (nearest, best) = (-Float.infinity, -Float.infinity)
      for label in 0..<classes where label != own {
        nearest = max(nearest, cosines[index * classes + label])
        best = max(best, leftOut[index * classes + label])
      }
      return LinearClassifier.score(nearest: nearest, classScore: best, classifier.addsClassScore)
    }

    let fewest = support.fewest
    let known = examples.statistics?.scale(shots: fewest, of: traits.method)
    var found = Calibration(
      scale: known ?? traits.oneShotScale, threshold: -1, scaleSource: known == nil ? .preset : .encoder,
      thresholdSource: .leaveOneOut, leftOutCount: 0, leftOutRight: 0, penalty: penalty)
    if fewest > 1 {
      let preset = known.map { LinearCalibrator.leftOut($0, fewest) } ?? traits.presetScale
      found.scale = fittedScale(support, leftOut, preset: preset)
      found.scaleSource = .leaveOneOut
      found.leftOutCount = count
      found.leftOutRight = rightCount(support, leftOut)
      for index in 0..<count { scores[index] = score(index, except: classes) + examples.nearness.addend(index) }
      found.threshold = Calibrator.bound(keeping: Calibrator.keptPercent, of: scores, count)
    } else if let statistics = examples.statistics, statistics.backgroundCount > 0 {
      writeBackgroundScores(statistics, examples.map, classifier, row: row, rest: scores)
      for index in 0..<statistics.backgroundCount { scores[index] = scores[index] + examples.nearness.addend(count + index) }
      found.threshold = Calibrator.bound(
        refusing: Calibrator.refusedBackgroundPercent, of: scores, statistics.backgroundCount)
      found.thresholdSource = .background
    } else {
      for index in 0..<count { scores[index] = score(index, except: support.label(index)) }
      found.threshold = Calibrator.bound(refusing: Calibrator.refusedOthersPercent, of: scores, count)
      found.thresholdSource = .otherClasses
    }
    if examples.embeddings.areAllEqual { found.scale = Calibration.chanceScale }
    return found
  }

  /// Writes the score of each background embedding to the first values of `rest`; the embedding and the probabilities of the
  /// classes are behind them.
  private static func writeBackgroundScores(
    _ statistics: StatisticsView, _ map: FeatureMap, _ classifier: LinearClassifier, row: Elements<Float>, rest: Elements<Float>
  ) {
    let count = statistics.backgroundCount
    let embedding = rest.slice(count, map.dimension)
    let confidences = rest.slice(count + embedding.count, classifier.weights.count)
    for index in 0..<count {
      statistics.copyBackground(index, into: embedding)
      map.write(embedding.embedding, length: statistics.length(index), into: row)
      rest[index] = classifier.classify(row.embedding, confidences).score
    }
  }

  private static let priorWeight: Float = 2
  private static let stepCount = 33

  /// 1, 2^(1/4), ... 256.
  private static func scale(_ step: Int) -> Float { ElementaryMath.exp(Float(step) * 0.17328680) }

  /// `leftOut`: [examples][classes]; every class has at least two examples. `Calibration.chanceScale` where they say nothing.
  package static func fittedScale(_ support: SupportSet, _ leftOut: Elements<Float>, preset: Float) -> Float {
    if isChance(support, leftOut) { return Calibration.chanceScale }
    var best = (scale: preset, loss: Float.infinity)
    for step in 0..<stepCount {
      let scale = scale(step)
      let distance = ElementaryMath.log(scale) - ElementaryMath.log(preset)
      let loss = lossOfLeftOut(support, leftOut, scale: scale) + priorWeight * distance * distance
      if loss < best.loss { best = (scale, loss) }
    }
    return best.scale * raise(support.fewest)
  }

  /// Whether left-out examples are answered no better than by chance, each class counting the same.
  ///
  /// The count of right ones is binomial. Its likelihood at chance is compared with its mean likelihood over all better accuracies
  /// (a Bayes factor): chance, where that is `leastBetter` times as likely or less. Classes of different sizes count as so many
  /// examples as give their mean accuracy the same variance.
  package static func isChance(_ support: SupportSet, _ leftOut: Elements<Float>) -> Bool {
    let classes = support.classCount
    var (accuracy, spread): (Float, Float) = (0, 0)
    for label in 0..<classes {
      let count = Float(support.count(ofClass: label))
      var right: Float = 0
      for index in 0..<support.count where support.label(index) == label && isRight(index, support, leftOut) { right = right + 1 }
      accuracy = accuracy + right / count
      spread = spread + 1 / count
    }
    let count = Float(classes) * Float(classes) / spread, right = count * accuracy / Float(classes)
    return better(right: right, of: count, classes: classes) < (support.fewest > 4 ? leastBetter : leastBetterOfFew)
  }

  /// Of few examples, those that stay say little of the class, so left-out ones are answered worse than new ones will be, and
  /// the larger bound takes hard tasks for chance (Benchmarks/results/confidence.md).
  private static let leastBetter: Float = 0.5, leastBetterOfFew: Float = 0.1
  private static let accuracyCount = 32

  /// How many times as likely so many right answers are by a head that knows something, all accuracies above chance alike, than by
  /// chance.
  private static func better(right: Float, of count: Float, classes: Int) -> Float {
    let chance = 1 / Float(classes), wrong = count - right
    var sum: Float = 0
    for step in 0..<accuracyCount {
      let accuracy = chance + (1 - chance) * (Float(step) + 0.5) / Float(accuracyCount)
      let logarithm =
        right * ElementaryMath.log(accuracy / chance) + wrong * ElementaryMath.log((1 - accuracy) / (1 - chance))
      sum = sum + ElementaryMath.exp(min(80, logarithm))
    }
    return sum / Float(accuracyCount)
  }

  private static func raise(_ fewest: Int) -> Float { 1 + 0.5 / Float(fewest) }

  /// The scale of left-out examples that belongs to a head's scale.
  package static func leftOut(_ scale: Float, _ fewest: Int) -> Float { scale / raise(fewest) }

  /// The negative log-likelihood of the left-out examples.
  package static func lossOfLeftOut(_ support: SupportSet, _ leftOut: Elements<Float>, scale: Float) -> Float {
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
  package static func rightCount(_ support: SupportSet, _ leftOut: Elements<Float>) -> Int {
    var right = 0
    for index in 0..<support.count where isRight(index, support, leftOut) { right += 1 }
    return right
  }

  private static func isRight(_ index: Int, _ support: SupportSet, _ leftOut: Elements<Float>) -> Bool {
    let classes = support.classCount, own = support.label(index)
    for label in 0..<classes where label != own && leftOut[index * classes + label] >= leftOut[index * classes + own] {
      return false
    }
    return true
  }

  /// Writes the cosine of every example to the prototype of every class, its own left out of its class's, to `cosines`,
  /// [examples][classes]. A class's only example has the cosine -1 to it.
  ///
  /// `asNew`: instead of its own class's, what a new photo like it has there; see `PrototypeHead.cosineOfNew`.
  package static func leaveOutCosines(
    _ support: SupportSet, prototypes: EmbeddingMatrix, row: Elements<Float>, asNew: Bool = false, to cosines: Elements<Float>
  ) {
    let classes = support.classCount
    for index in 0..<support.count {
      let own = support.label(index)
      for label in 0..<classes { cosines[index * classes + label] = support.embeddings[index].dot(prototypes[label]) }
      if support.count(ofClass: own) > 1 {
        let new = PrototypeHead.cosineOfNew(like: index, of: support, row: row)
        cosines[index * classes + own] = asNew ? new : support.embeddings[index].dot(row.embedding)
      } else {
        cosines[index * classes + own] = -1
      }
    }
  }
}
