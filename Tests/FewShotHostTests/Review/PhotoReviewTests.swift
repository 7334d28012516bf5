import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct PhotoReviewTests {
  /// Classes "c0" and so on; the first `wrong` of each have a label of the next class.
  private func knowledge(_ classes: Int, _ count: Int, wrong: Int, spread: Float = 0.3, seed: UInt64 = 1) throws -> Knowledge {
    var source = SyntheticClasses(classes: classes, dimension: 16, spread: spread, seed: seed)
    var knowledge = Knowledge(dimension: 16)
    for label in 0..<classes {
      let examples = source.examples(ofClass: label, count: count, firstIdentifier: UInt64(1000 * label))
      try knowledge.add(Array(examples.dropFirst(wrong)), to: "c\(label)")
      try knowledge.add(Array(examples.prefix(wrong)), to: "c\((label + 1) % classes)")
    }
    return knowledge
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func wrongLabelsAreFound(seed: UInt64) throws {
    let review = PhotoReview(ReviewedPhotos(try knowledge(4, 12, wrong: 1, seed: seed)), statistics: nil)
    // Identifier 1000 k is of class k and lies in class k + 1.
    let found = Set(review.suspects.map { "\($0.photo) \($0.label) \($0.looksLike)" })
    let wrong = Set((0..<4).map { "\(PhotoIdentifier.text(UInt64(1000 * $0))) \(($0 + 1) % 4) \($0)" })
    #expect(found == wrong, "seed \(seed): \(review.suspects)")
    for suspect in review.suspects { #expect(suspect.similarity > suspect.ownSimilarity, "\(suspect)") }
    #expect(review.confusion?.flatMap { $0 }.reduce(0, +) == 48)
    #expect(review.confusion?[1][0] == 1 && review.confusion?[0][0] == 11)
  }

  @Test func rightLabelsAreLeftAlone() throws {
    let review = PhotoReview(ReviewedPhotos(try knowledge(5, 10, wrong: 0, spread: 0.5)), statistics: nil)
    #expect(review.suspects.isEmpty, "\(review.suspects)")
    #expect(review.reviewed.copies.isEmpty && review.thin.isEmpty && !review.isChance, "\(review.thin)")
  }

  @Test func labelsWithoutAnyMeaningAreNotJudged() throws {
    var source = SyntheticClasses(classes: 1, dimension: 16)
    var knowledge = Knowledge(dimension: 16)
    let examples = source.examples(ofClass: 0, count: 40)
    try knowledge.add(Array(examples[..<20]), to: "a")
    try knowledge.add(Array(examples[20...]), to: "b")
    let review = PhotoReview(ReviewedPhotos(knowledge), statistics: nil)
    #expect(review.isChance == review.suspects.isEmpty && review.suspects.count < 20)
  }

  @Test func thinClassesAndCopiesAreNamed() throws {
    var source = SyntheticClasses(classes: 3, dimension: 16, spread: 0.3)
    var knowledge = Knowledge(dimension: 16)
    try knowledge.add(source.examples(ofClass: 0, count: 8), to: "enough")
    try knowledge.add(source.examples(ofClass: 1, count: 2, firstIdentifier: 100), to: "few")
    // Eight photos of one scene.
    let scene = source.embedding(ofClass: 2)
    let same = (0..<8).map { index in
      LearnedExample(identifier: 200 + UInt64(index), embedding: scene.enumerated().map { $0 == index ? $1 * 1.8 + 0.05 : $1 })
    }
    try knowledge.add(same, to: "uniform")
    // A photo of the first class in the second, too.
    let twice = knowledge.classes[0].examples[0]
    try knowledge.add([twice], to: "few")
    let review = PhotoReview(ReviewedPhotos(knowledge), statistics: nil)
    #expect(review.thin.map(\.reason) == [.few, .uniform] && review.thin.map(\.label) == [1, 2], "\(review.thin)")
    let copy = try #require(review.reviewed.copies.first { $0.label == 1 })
    #expect(copy.originalLabel == 0 && copy.isSameFile)
  }

  @Test func oneClassIsNoReasonToStop() throws {
    var source = SyntheticClasses(classes: 1, dimension: 16)
    var knowledge = Knowledge(dimension: 16)
    try knowledge.add(source.examples(ofClass: 0, count: 4), to: "only")
    let review = PhotoReview(ReviewedPhotos(knowledge), statistics: nil)
    #expect(review.suspects.isEmpty && review.confusion == nil && review.outlooks[0].forecast == nil)
  }
}

@Suite struct LearningCurveTests {
  @Test func aPowerLawIsFoundAgain() {
    for (floor, factor, exponent) in [(0.05, 0.6, 0.5), (0.0, 0.8, 1.0), (0.2, 0.3, 0.75)] {
      let points = [1.0, 2, 3, 5, 8, 12].map { n in
        (photos: n, error: PowerLaw(floor: floor, factor: factor, exponent: exponent).error(at: n), weight: 1.0)
      }
      let law = PowerLaw(points)
      #expect(abs(law.floor - floor) < 1e-6 && abs(law.factor - factor) < 1e-6 && law.exponent == exponent, "\(law)")
    }
  }

  @Test func partsAreNeverNegative() {
    // An error that rises.
    let law = PowerLaw([(photos: 1, error: 0.1, weight: 1), (photos: 2, error: 0.2, weight: 1), (photos: 4, error: 0.4, weight: 1)])
    #expect(law.floor >= 0 && law.factor >= 0)
    #expect(law.error(at: 100) <= law.error(at: 1))
    #expect(PowerLaw([(photos: 1, error: 0, weight: 1), (photos: 2, error: 0, weight: 1)]).error(at: 5) == 0)
  }

  @Test func classesThatAreLearnedNeedNoMore() throws {
    let easy = ReviewedPhotos(try SyntheticClasses.knowledge(classes: 4, shots: 10, dimension: 16, spread: 0.1))
    for outlook in LearningCurves(easy, statistics: nil, seed: 0).outlooks {
      let forecast = try #require(outlook.forecast)
      #expect(forecast.accuracy > 0.99 && forecast.expected - forecast.accuracy < 0.01 && forecast.more == 5, "\(outlook)")
    }
  }

  @Test func hardClassesGetAnUncertainForecast() throws {
    let hard = ReviewedPhotos(try SyntheticClasses.knowledge(classes: 4, shots: 10, dimension: 16, spread: 1.1, seed: 4))
    for outlook in LearningCurves(hard, statistics: nil, seed: 0).outlooks {
      let forecast = try #require(outlook.forecast)
      #expect(outlook.curve.map(\.photos) == [1, 2, 3, 5, 8], "\(outlook)")
      #expect(forecast.low <= forecast.expected && forecast.expected <= forecast.high, "\(forecast)")
      #expect(forecast.low < forecast.high, "\(forecast)")
      #expect(forecast.accuracy <= forecast.expected + 1e-9 && forecast.accuracy < 0.95, "\(forecast)")
    }
  }

  @Test func theSameSeedSaysTheSame() throws {
    let photos = ReviewedPhotos(try SyntheticClasses.knowledge(classes: 3, shots: 6, dimension: 16, spread: 0.8))
    #expect(LearningCurves(photos, statistics: nil, seed: 3).outlooks == LearningCurves(photos, statistics: nil, seed: 3).outlooks)
  }
}
