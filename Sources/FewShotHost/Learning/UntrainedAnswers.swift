import FewShot
import TinyNN

/// Photos held out of learning in turn: the i-th of every class in part i modulo the number of parts.
struct HeldOutFolds {
  let count: Int
  private let fold: [Int]

  /// Parts of the photos, at most.
  static let limit = 3
  /// Photos of a class that are needed.
  static let minimumShots = 2

  /// Nil where a class has fewer than `minimumShots` photos.
  init?(_ labels: [Int], classCount: Int) {
    var position = [Int](repeating: 0, count: classCount)
    fold = labels.map { label in
      defer { position[label] += 1 }
      return position[label]
    }
    let fewest = position.min() ?? 0
    guard fewest >= HeldOutFolds.minimumShots else { return nil }
    count = min(HeldOutFolds.limit, fewest)
  }

  func kept(_ part: Int) -> [Int] { fold.indices.filter { fold[$0] % count != part } }
  func left(_ part: Int) -> [Int] { fold.indices.filter { fold[$0] % count == part } }
}

/// What the head that is learned without training, the one that `auto` chooses, answers on held-out photos.
public struct UntrainedAnswers: Equatable, Sendable {
  public let right: Int
  /// The logarithm of the likelihood of the labels.
  public let logLikelihood: Float

  /// Least probability of an answer: one held-out photo alone must not decide.
  private static let floor: Float = 1e-6

  init(right: Int, logLikelihood: Float) {
    self.right = right
    self.logLikelihood = logLikelihood
  }

  /// Learns from the examples of each fold. Nil where they are too few.
  init?(_ learner: HeadLearner) throws(HeadError) {
    let examples = learner.examples, labels = (0..<examples.count).map { examples.label($0) }
    guard let folds = HeldOutFolds(labels, classCount: examples.classCount) else { return nil }
    var (right, logLikelihood) = (0, Float(0))
    let all = examples.rows.floats.matrix(examples.count, examples.dimension)
    for part in 0..<folds.count {
      let kept = folds.kept(part)
      let rest = HeadLearner(
        examples: ExampleMemory(examples, kept), lengths: kept.map { learner.lengths[$0] }, statistics: learner.statistics)
      let classifier = HeadClassifier(try rest.learn(.auto))
      for index in folds.left(part) {
        let answer = classifier.classify(all[index], length: learner.lengths[index])
        if answer.label == labels[index] { right += 1 }
        logLikelihood += ElementaryMath.log(max(classifier.confidences[labels[index]], UntrainedAnswers.floor))
      }
    }
    self.init(right: right, logLikelihood: logLikelihood)
    withExtendedLifetime(examples) {}
  }
}
