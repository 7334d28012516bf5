package import TinyNN

/// The votes of the nearest examples; it learns nothing but how many of them vote, and calibrates.
package enum NeighbourHead: Head {
  /// The largest k.
  private static let limit = 15
  private static let stepCount = 5
  private static let oneShotCount = 5
  private static let presetScale: Float = 4

  package static var traits: HeadTraits {
    HeadTraits(
      method: .knn, features: .plain, plainFeatures: .plain, presetScale: presetScale, oneShotScale: presetScale,
      leavingOut: .calibration, usesExamples: true, neighbourLimit: limit)
  }

  private static func count(_ step: Int) -> Int { step == 0 ? 1 : step == 1 ? 3 : step == 2 ? 5 : step == 3 ? 9 : limit }

  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    2 * limit * examples + examples * classes + dimension + max(examples, background)
  }

  /// The k of 1, 3, 5, 9 and 15 for which most left-out examples are right, plus the logarithm of their likelihood; scale and
  /// threshold as for other heads. Where a class has one example, k is 5.
  package static func calibrate(
    _ learned: HeadExamples, penalty: Float, _ parts: HeadParts<NeighbourHead>, leftOut: Elements<Float>, scratch: Elements<Float>
  ) -> Calibration {
    let support = learned.embeddings, statistics = learned.statistics
    let (examples, classes) = (support.count, support.classCount)
    let neighbours = scratch.slice(0, 2 * limit * examples)
    let votes = scratch.slice(neighbours.count, examples * classes)
    let row = scratch.slice(neighbours.count + votes.count, support.dimension)
    let scores = scratch.slice(neighbours.count + votes.count + row.count, max(examples, statistics?.backgroundCount ?? 0))
    let fewest = support.fewest
    let known = statistics?.scale(shots: fewest, of: .knn)
    var result = Calibration(
      scale: known ?? presetScale, threshold: -1, scaleSource: known == nil ? .preset : .encoder, thresholdSource: .leaveOneOut,
      leftOutCount: 0, leftOutRight: 0)
    result.neighbours = oneShotCount
    guard fewest > 1 else {
      setRefusal(&result, learned, row: row, scores: scores)
      if support.areAllEqual { result.scale = Calibration.chanceScale }
      return result
    }
    for index in 0..<examples {
      let nearest = leaveOut(index, of: support, neighbours)
      scores[index] = nearest.cosines[0] + learned.nearness.addend(index)
    }
    result.threshold = Calibrator.bound(keeping: Calibrator.keptPercent, of: scores, examples)
    (result.scaleSource, result.leftOutCount) = (.leaveOneOut, examples)
    let preset = known.map { LinearCalibrator.leftOut($0, fewest) } ?? presetScale
    var best = -Float.infinity
    for step in 0..<stepCount where step == 0 || count(step) < examples {
      for index in 0..<examples {
        let nearest = NearestExamples(neighbours.slice(2 * limit * index, 2 * limit), holding: min(limit, examples - 1))
        nearest.writeVotes(of: count(step), to: votes.slice(index * classes, classes))
      }
      let scale = LinearCalibrator.fittedScale(support, votes, preset: preset)
      let right = LinearCalibrator.rightCount(support, votes)
      let value = Float(right) - LinearCalibrator.lossOfLeftOut(support, votes, scale: scale)
      if value > best {
        best = value
        result.neighbours = count(step)
        result.scale = scale
        result.leftOutRight = right
      }
    }
    if support.areAllEqual { result.scale = Calibration.chanceScale }
    return result
  }

  package static func scratchCount(neighbours: Int) -> Int { 2 * neighbours }

  package static func classify(
    _ features: Embedding, _ parts: HeadParts<NeighbourHead>, _ calibration: Calibration, confidences: Elements<Float>,
    scratch: Elements<Float>
  ) -> Prediction {
    // There for heads that use examples: see `HeadView`.
    let examples = parts.examples!
    return NeighbourClassifier(
      examples: examples, count: calibration.neighbours, scale: calibration.scale, threshold: calibration.threshold
    ).classify(features, confidences, memory: scratch.slice(0, scratchCount(neighbours: calibration.neighbours)))
  }

  /// The examples nearest to one of them, without itself. Its memory is a part of `memory`, [examples][2 * limit].
  private static func leaveOut(_ left: Int, of support: SupportSet, _ memory: Elements<Float>) -> NearestExamples {
    var nearest = NearestExamples(memory.slice(2 * limit * left, 2 * limit))
    for index in 0..<support.count where index != left {
      nearest.insert(support.embeddings[left].dot(support.embeddings[index]), label: support.label(index))
    }
    return nearest
  }

  /// The threshold that refuses enough of the background, or of the other classes' examples.
  private static func setRefusal(
    _ result: inout Calibration, _ learned: HeadExamples, row: Elements<Float>, scores: Elements<Float>
  ) {
    let support = learned.embeddings, statistics = learned.statistics
    if let statistics, statistics.backgroundCount > 0 {
      for index in 0..<statistics.backgroundCount {
        statistics.copyBackground(index, into: row)
        scores[index] =
          largestCosine(of: row.embedding, support, except: support.classCount) + learned.nearness.addend(support.count + index)
      }
      result.threshold = Calibrator.bound(refusing: Calibrator.refusedBackgroundPercent, of: scores, statistics.backgroundCount)
      result.thresholdSource = .background
    } else {
      for index in 0..<support.count {
        scores[index] = largestCosine(of: support.embeddings[index], support, except: support.label(index))
      }
      result.threshold = Calibrator.bound(refusing: Calibrator.refusedOthersPercent, of: scores, support.count)
      result.thresholdSource = .otherClasses
    }
  }

  private static func largestCosine(of embedding: Embedding, _ support: SupportSet, except label: Int) -> Float {
    var largest: Float = -1
    for index in 0..<support.count where support.label(index) != label {
      largest = max(largest, embedding.dot(support.embeddings[index]))
    }
    return largest
  }
}
