import FewShot
import TinyNN

/// Calibrates a linear head from the scores of its left-out examples and the encoder's background.
struct LinearCalibration {
  let calibration: Calibration

  init(
    _ learner: HeadLearner, _ method: HeadMethod, _ features: FeatureRows, _ penalty: Float, _ result: LinearResult, fewest: Int
  ) {
    let classes = learner.classCount, count = learner.labels.count
    var cosines = [Float](repeating: 0, count: count * classes)
    var leftOut = result.leftOut
    let known = learner.statistics?.scale(shots: fewest, of: method)
    var found = Calibration(
      scale: known ?? LinearCalibrator.oneShotScale(method), threshold: -1, scaleSource: known == nil ? .preset : .encoder,
      thresholdSource: .leaveOneOut, leftOutCount: 0, leftOutRight: 0, penalty: penalty)
    learner.withFeatures(features) { support in
      var cosineSpan = cosines.mutableSpan
      var leftOutSpan = leftOut.mutableSpan
      cosineSpan.withValues { learner.leaveOutCosines(support, to: $0) }
      guard fewest > 1 else { return }
      leftOutSpan.withValues { leftOut in
        found.scale = LinearCalibrator.fittedScale(
          support, leftOut,
          preset: known.map { LinearCalibrator.leftOut($0, fewest) } ?? LinearCalibrator.presetScale(method))
        found.scaleSource = .leaveOneOut
        found.leftOutCount = count
        found.leftOutRight = LinearCalibrator.rightCount(support, leftOut)
      }
    }
    func score(_ index: Int, except own: Int?) -> Float {
      var (nearest, best) = (-Float.infinity, -Float.infinity)
      for label in 0..<classes where label != own {
        nearest = max(nearest, cosines[index * classes + label])
        best = max(best, leftOut[index * classes + label])
      }
      return LinearClassifier.score(nearest: nearest, classScore: best, method == .ridge)
    }
    if fewest > 1 {
      let scores = (0..<count).map { score($0, except: nil) }.sorted()
      found.threshold = scores[count * (100 - Calibrator.keptPercent) / 100]
    } else if let background = LinearCalibration.background(learner, method, features, result) {
      let scores = background.sorted()
      found.threshold = scores[min(scores.count - 1, (scores.count * Calibrator.refusedBackgroundPercent + 99) / 100)]
      found.thresholdSource = .background
    } else {
      let scores = (0..<count).map { score($0, except: Int(learner.labels[$0])) }.sorted()
      found.threshold = scores[min(count - 1, (count * Calibrator.refusedOthersPercent + 99) / 100)]
      found.thresholdSource = .otherClasses
    }
    calibration = found
  }

  /// The scores of the encoder's background embeddings, or nil where it has none.
  private static func background(
    _ learner: HeadLearner, _ method: HeadMethod, _ features: FeatureRows, _ result: LinearResult
  ) -> [Float]? {
    guard let statistics = learner.statistics, statistics.backgroundCount > 0 else { return nil }
    var rows = [Float](repeating: 0, count: statistics.backgroundCount * learner.dimension)
    var span = rows.mutableSpan
    span.withValues { rows in
      for index in 0..<statistics.backgroundCount {
        statistics.copyBackground(index, into: rows.slice(index * learner.dimension, learner.dimension))
      }
    }
    let all = FeatureRows(features.map, rows, (0..<statistics.backgroundCount).map { statistics.length($0) })
    let width = features.map.count
    var confidences = [Float](repeating: 0, count: learner.classCount)
    return result.withClassifier(width, addsClassScore: method == .ridge, scale: 1, threshold: 0) { classifier in
      all.rows.withUnsafeBufferPointer { buffer in
        (0..<statistics.backgroundCount).map { index in
          var span = confidences.mutableSpan
          return span.withValues { classifier.classify(Embedding(buffer.baseAddress! + index * width, count: width), $0).score }
        }
      }
    }
  }
}
