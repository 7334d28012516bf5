import TinyNN

/// Classification by the k examples with the largest cosines (Cover, Hart, "Nearest neighbor pattern classification", 1967): each
/// votes for its class with a weight that falls with its distance (Dudani, "The distance-weighted k-nearest-neighbor rule", 1976).
///
/// Of an example with the cosine c the weight is exp(10 (c - c1)), c1 being the largest; a class's score is its part of all
/// weights. The examples themselves are all that is learned, so they come and go exactly.
public struct NeighbourClassifier: Sendable {
  package let examples: SupportSet
  /// k.
  package let count: Int
  package let scale: Float
  package let threshold: Float

  package init(examples: SupportSet, count: Int, scale: Float, threshold: Float) {
    self.examples = examples
    self.count = count
    self.scale = scale
    self.threshold = threshold
  }

  /// Classifies an embedding of length 1; its score is the cosine of the nearest example, and `cosine` of the result is left to the
  /// caller. The probability of each class goes to the first values of `confidences`.
  /// - Parameter memory: `2 * count` values.
  package func classify(_ embedding: Embedding, _ confidences: Values, memory: Values) -> Prediction {
    var nearest = NearestExamples(memory)
    for index in 0..<examples.count { nearest.insert(embedding.dot(examples.embeddings[index]), label: examples.label(index)) }
    let classes = examples.classCount
    nearest.writeVotes(of: count, to: confidences.slice(0, classes))
    var best = 0
    for label in 0..<classes where confidences[label] > confidences[best] { best = label }
    let score = nearest.cosines[0]
    confidences.softmax(scale: scale, classes)
    return Prediction(label: best, cosine: score, score: score, confidence: confidences[best], isUnknown: score < threshold)
  }
}

/// The examples with the largest cosines, in descending order, the first of equals first.
package struct NearestExamples {
  private static let steepness: Float = 10
  package let cosines: Values
  private let labels: Values
  private(set) var count: Int

  /// Half of `memory` is the number that is kept; it holds `count` examples.
  package init(_ memory: Values, holding count: Int = 0) {
    self.count = count
    cosines = memory.slice(0, memory.count / 2)
    labels = memory.slice(memory.count / 2, memory.count / 2)
  }

  /// Labels are below 2^24, which float32 holds exactly.
  package mutating func insert(_ cosine: Float, label: Int) {
    if count < cosines.count {
      count += 1
    } else if cosine <= cosines[count - 1] {
      return
    }
    var place = count - 1
    while place > 0, cosines[place - 1] < cosine {
      cosines[place] = cosines[place - 1]
      labels[place] = labels[place - 1]
      place -= 1
    }
    cosines[place] = cosine
    labels[place] = Float(label)
  }

  /// Writes each class's part of the weights of the `limit` nearest.
  package func writeVotes(of limit: Int, to votes: Values) {
    votes.clear()
    var total: Float = 0
    for index in 0..<min(limit, count) {
      let weight = ElementaryMath.exp(NearestExamples.steepness * (cosines[index] - cosines[0])), label = Int(labels[index])
      votes[label] = votes[label] + weight
      total = total + weight
    }
    for label in 0..<votes.count { votes[label] = votes[label] / total }
  }
}

/// Chooses k, and calibrates.
package enum NeighbourHead {
  /// The largest k.
  package static let limit = 15
  private static let stepCount = 5
  private static let oneShotCount = 5
  package static let presetScale: Float = 4

  private static func count(_ step: Int) -> Int { step == 0 ? 1 : step == 1 ? 3 : step == 2 ? 5 : step == 3 ? 9 : limit }

  /// Floats of working memory.
  package static func scratchCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    2 * limit * examples + examples * classes + dimension + max(examples, background)
  }

  /// The k of 1, 3, 5, 9 and 15 for which most left-out examples are right, plus the logarithm of their likelihood; scale and
  /// threshold as for other heads. Where a class has one example, k is 5.
  /// - Parameter scratch: at least `scratchCount` values.
  package static func learn(_ support: SupportSet, statistics: StatisticsView?, scratch: Values) -> Calibration {
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
      setRefusal(&result, support, statistics, row: row, scores: scores)
      return result
    }
    for index in 0..<examples {
      let nearest = leaveOut(index, of: support, neighbours)
      scores[index] = nearest.cosines[0]
    }
    scores.sort(first: examples)
    result.threshold = scores[examples * (100 - Calibrator.keptPercent) / 100]
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
        (result.neighbours, result.scale, result.leftOutRight) = (count(step), scale, right)
      }
    }
    return result
  }

  /// The examples nearest to one of them, without itself. Its memory is a part of `memory`, [examples][2 * limit].
  private static func leaveOut(_ left: Int, of support: SupportSet, _ memory: Values) -> NearestExamples {
    var nearest = NearestExamples(memory.slice(2 * limit * left, 2 * limit))
    for index in 0..<support.count where index != left {
      nearest.insert(support.embeddings[left].dot(support.embeddings[index]), label: support.label(index))
    }
    return nearest
  }

  /// The threshold that refuses enough of the background, or of the other classes' examples.
  private static func setRefusal(
    _ result: inout Calibration, _ support: SupportSet, _ statistics: StatisticsView?, row: Values, scores: Values
  ) {
    if let statistics, statistics.backgroundCount > 0 {
      for index in 0..<statistics.backgroundCount {
        statistics.copyBackground(index, into: row)
        scores[index] = largestCosine(of: row.embedding, support, except: support.classCount)
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
