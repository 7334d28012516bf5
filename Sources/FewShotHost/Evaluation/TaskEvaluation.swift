public import FewShot

/// How a task does on labelled photos, some of them perhaps of things that it was never taught.
public struct TaskEvaluation: Sendable {
  public let classCount: Int
  /// [true class][predicted class], of photos of known classes; `unknown` is not considered.
  public private(set) var confusion: [[Int]]
  /// Photos of known classes, and how many of them are not called unknown.
  public private(set) var knownCount = 0
  public private(set) var acceptedCount = 0
  /// Photos of other things, and how many of them are called unknown.
  public private(set) var otherCount = 0
  public private(set) var rejectedCount = 0
  private var rightCount = 0
  private var outcomes: [(confidence: Float, isRight: Bool)] = []
  private var knownScores: [Float] = []
  private var otherScores: [Float] = []

  public init(classCount: Int) {
    self.classCount = classCount
    confusion = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
  }

  /// Counts the prediction for a photo of class `label`, nil for a thing of no known class.
  public mutating func add(_ prediction: Prediction, label: Int?) {
    guard let label else {
      otherCount += 1
      rejectedCount += prediction.isUnknown ? 1 : 0
      otherScores.append(prediction.score)
      return
    }
    knownCount += 1
    acceptedCount += prediction.isUnknown ? 0 : 1
    rightCount += prediction.label == label ? 1 : 0
    confusion[label][prediction.label] += 1
    outcomes.append((prediction.confidence, prediction.label == label))
    knownScores.append(prediction.score)
  }

  /// The part of known photos whose most likely class is right; 0 without photos.
  public var accuracy: Double { knownCount == 0 ? 0 : Double(rightCount) / Double(knownCount) }

  /// The expected calibration error (Guo et al., "On calibration of modern neural networks", 2017): the mean difference of
  /// confidence and accuracy over bins of equal width, weighted by their photos.
  public func calibrationError(binCount: Int = 15) -> Double {
    var bins = [(count: Int, confidence: Double, right: Int)](repeating: (0, 0, 0), count: binCount)
    for outcome in outcomes {
      let bin = min(binCount - 1, Int(outcome.confidence * Float(binCount)))
      bins[bin].count += 1
      bins[bin].confidence += Double(outcome.confidence)
      bins[bin].right += outcome.isRight ? 1 : 0
    }
    return bins.reduce(0) { $0 + abs($1.confidence - Double($1.right)) } / Double(max(1, outcomes.count))
  }

  /// The probability that a known photo has a larger score than another thing's (area under the ROC curve, ties count half), or
  /// nil where one of the two is missing.
  public var rejectionAUROC: Double? {
    guard !knownScores.isEmpty, !otherScores.isEmpty else { return nil }
    return areaUnderROC(knownScores, otherScores)
  }
}

/// The probability that one of `known` is larger than one of `others`, ties counting half. Both have values.
func areaUnderROC(_ known: [Float], _ others: [Float]) -> Double {
  let known = known.sorted()
  var wins = 0.0
  for score in others {
    let below = known.partitioningIndex { $0 >= score }, notAbove = known.partitioningIndex { $0 > score }
    wins += Double(known.count - notAbove) + 0.5 * Double(notAbove - below)
  }
  return wins / (Double(known.count) * Double(others.count))
}

/// The area under the ROC curve, and the part of `others` that is accepted where 95 % of `known` are. Both have values.
func rejection(_ known: [Float], _ others: [Float]) -> (auroc: Double, falseAcceptance: Double) {
  let threshold = known.sorted()[known.count * 5 / 100]
  return (areaUnderROC(known, others), Double(others.count { $0 >= threshold }) / Double(others.count))
}

extension [Float] {
  /// The first index whose element satisfies `predicate`, which all elements after it do too.
  fileprivate func partitioningIndex(_ predicate: (Float) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
