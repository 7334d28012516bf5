package import TinyNN

/// Finds a cosine classifier's scale and threshold from its own examples and the encoder's background embeddings.
///
/// Each example is left out of its class's prototype and compared with it: cosines that a new photo of the class will have,
/// if a little too small. Classes with one example have none.
///
/// Threshold: it keeps 95 % of new photos, whose largest cosine is as those of the left-out ones, their own class's being brought
/// to a prototype of all its examples (`PrototypeHead.cosineOfNew`). Where a class has one example, it refuses at
/// least 90 % of the background embeddings (their largest cosine to any prototype), or without background a quarter of the
/// examples as seen by the other classes' prototypes, a stand-in for things of the same kind that were not taught; if that is
/// above what keeps the left-out cosines that there are.
///
/// Scale: that of `LinearCalibrator`; where a class has one example, of the encoder's statistics, or a preset.
public enum Calibrator {
  public static let keptPercent = 95
  public static let refusedBackgroundPercent = 90
  public static let refusedOthersPercent = 25
  public static let presetScale: Float = 10

  /// Floats of working memory.
  public static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    examples * classes + dimension + max(examples, background)
  }

  /// - Parameters:
  ///   - support: at least two classes.
  ///   - prototypes: of `support`, as `PrototypeHead.learn` makes them.
  ///   - statistics: of the encoder's embeddings, where its file has them.
  ///   - scratch: at least `scratchCount` values.
  public static func calibrate(
    _ support: SupportSet, prototypes: EmbeddingMatrix, statistics: StatisticsView?, scratch: inout MutableSpan<Float>
  ) -> Calibration {
    scratch.withElements { calibrate(support, prototypes: prototypes, statistics: statistics, scratch: $0) }
  }

  /// The same in memory whose size the caller has checked.
  package static func calibrate(
    _ support: SupportSet, prototypes: EmbeddingMatrix, statistics: StatisticsView?, nearness: Elements<Float>? = nil,
    scratch: Elements<Float>
  ) -> Calibration {
    let dimension = support.dimension, start = support.count * support.classCount
    let memory = Memory(
      cosines: scratch.slice(0, start), row: scratch.slice(start, dimension),
      scores: scratch.slice(start + dimension, scratch.count - start - dimension), nearness: nearness)
    return calibrate(support, CosineClassifier(prototypes: prototypes, scale: 1, threshold: 0), statistics, memory)
  }

  private struct Memory {
    /// [examples][classes]: of every example to every prototype, to its own class's without itself.
    let cosines: Elements<Float>
    /// [dimension]
    let row: Elements<Float>
    /// [max(examples, background)]
    let scores: Elements<Float>
    /// [examples + background]; see `HeadExamples`.
    let nearness: Elements<Float>?
  }

  private static func calibrate(
    _ support: SupportSet, _ classifier: CosineClassifier, _ statistics: StatisticsView?, _ memory: Memory
  ) -> Calibration {
    var result = Calibration(
      scale: presetScale, threshold: -1, scaleSource: .preset, thresholdSource: .leaveOneOut, leftOutCount: 0, leftOutRight: 0)
    let classes = support.classCount
    var fewest = support.count
    for index in 0..<support.count {
      let own = support.label(index), size = support.count(ofClass: own)
      let cosines = memory.cosines.slice(index * classes, classes)
      classifier.writeCosines(of: support.embeddings[index], to: cosines)
      fewest = min(fewest, size)
      guard size > 1 else { continue }
      let others = largest(of: cosines, except: own)
      let new = PrototypeHead.cosineOfNew(like: index, of: support, row: memory.row)
      // The row has the prototype without it now.
      cosines[own] = support.embeddings[index].dot(memory.row.embedding)
      memory.scores[result.leftOutCount] = max(new, others) + memory.nearness.addend(index)
      result.leftOutCount += 1
      if others < cosines[own] { result.leftOutRight += 1 }
    }
    if result.leftOutCount > 0 {
      result.threshold = bound(keeping: keptPercent, of: memory.scores, result.leftOutCount)
    }

    if fewest < 2 {
      let (bound, source) = refusalBound(support, classifier, statistics, memory)
      if bound > result.threshold { (result.threshold, result.thresholdSource) = (bound, source) }
    }
    let known = statistics?.scale(shots: fewest, of: .prototype)
    if fewest > 1 {
      let preset = known.map { LinearCalibrator.leftOut($0, fewest) } ?? presetScale
      (result.scale, result.scaleSource) = (LinearCalibrator.fittedScale(support, memory.cosines, preset: preset), .leaveOneOut)
    } else if let known {
      (result.scale, result.scaleSource) = (known, .encoder)
    }
    if support.areAllEqual { result.scale = Calibration.chanceScale }
    return result
  }

  /// The smallest threshold that refuses enough of the background, or of the other classes' examples.
  private static func refusalBound(
    _ support: SupportSet, _ classifier: CosineClassifier, _ statistics: StatisticsView?, _ memory: Memory
  ) -> (Float, ThresholdSource) {
    if let statistics, statistics.backgroundCount > 0 {
      for index in 0..<statistics.backgroundCount {
        statistics.copyBackground(index, into: memory.row)
        memory.scores[index] = classifier.nearest(to: memory.row.embedding).cosine + memory.nearness.addend(support.count + index)
      }
      return (bound(refusing: refusedBackgroundPercent, of: memory.scores, statistics.backgroundCount), .background)
    }
    for index in 0..<support.count {
      memory.scores[index] = largest(
        of: memory.cosines.slice(index * support.classCount, support.classCount), except: support.label(index))
    }
    return (bound(refusing: refusedOthersPercent, of: memory.scores, support.count), .otherClasses)
  }

  /// The score that a new one of the same kind reaches in `percent` of all cases, by the first `count`, which it sorts.
  ///
  /// Of n scores, a new one is as likely to fall into each of the n + 1 gaps between and around them, so the bound has
  /// (1 - percent) (n + 1) of them at or below it (Vovk et al., "Algorithmic learning in a random world", 2005): between two of
  /// them in proportion, and below the smallest by the same slope where there are too few.
  package static func bound(keeping percent: Int, of scores: Elements<Float>, _ count: Int) -> Float {
    scores.sort(first: count)
    guard count > 1 else { return scores[0] }
    let place = Float(100 - percent) / 100 * Float(count + 1) - 1
    let lower = max(0, min(count - 2, Int(place)))
    return scores[lower] + (place - Float(lower)) * (scores[lower + 1] - scores[lower])
  }

  /// The smallest of the first `count` scores that has at least `percent` of them before it in ascending order. Sorts them.
  package static func bound(refusing percent: Int, of scores: Elements<Float>, _ count: Int) -> Float {
    scores.sort(first: count)
    return scores[min(count - 1, (count * percent + 99) / 100)]
  }

  private static func largest(of cosines: Elements<Float>, except own: Int) -> Float {
    var largest = -Float.infinity
    for label in 0..<cosines.count where label != own && cosines[label] > largest { largest = cosines[label] }
    return largest
  }
}
