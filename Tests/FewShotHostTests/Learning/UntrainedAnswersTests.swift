import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct UntrainedAnswersTests {
  @Test("Each photo is left out once, and each class keeps one", arguments: [[2, 2], [5, 5], [4, 3], [2, 9]])
  func folds(_ shots: [Int]) throws {
    let labels = shots.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
    let folds = try #require(HeldOutFolds(labels, classCount: shots.count))
    #expect(folds.count == min(3, shots.min()!))
    #expect((0..<folds.count).flatMap(folds.left).sorted() == Array(labels.indices))
    for part in 0..<folds.count {
      #expect((folds.kept(part) + folds.left(part)).sorted() == Array(labels.indices))
      #expect(Set(folds.kept(part).map { labels[$0] }).count == shots.count, "part \(part)")
    }
    #expect(HeldOutFolds([0, 0, 1], classCount: 2) == nil)
  }

  /// Two dimensions: class 0 points along the first, class 1 along the second, `wrong` photos of each the other way.
  private func learner(photos: Int, wrong: Int) -> HeadLearner {
    let examples = ExampleMemory(count: 2 * photos, classCount: 2, dimension: 2)
    for label in 0..<2 {
      for photo in 0..<photos {
        let angle = Float(photo) * 0.05, isFirst = (label == 0) != (photo < wrong)
        let (near, far) = (1 - angle * angle / 2, angle)
        let values = (isFirst ? [near, far] : [far, near]).normalized().values
        examples.set(label * photos + photo, to: values.span, label: label)
      }
    }
    return HeadLearner(examples: examples, lengths: [Float](repeating: 1, count: 2 * photos), statistics: nil)
  }

  @Test func photosThatAreAlikeAreAnsweredRightly() throws {
    let clear = try #require(try UntrainedAnswers(learner(photos: 6, wrong: 0)))
    #expect(clear.right == 12 && clear.logLikelihood <= 0 && clear.logLikelihood > -12 * 0.6931)
    let doubtful = try #require(try UntrainedAnswers(learner(photos: 6, wrong: 2)))
    #expect(doubtful.right < 12 && doubtful.logLikelihood < clear.logLikelihood)
    #expect(try UntrainedAnswers(learner(photos: 1, wrong: 0)) == nil)
  }
}
