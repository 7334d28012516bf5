import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

struct AlignmentGateTests {
  private static let classes = 4, shots = 5

  /// Photos of the classes in the order of their labels, each class a direction of its own.
  private func photos(_ shots: Int = AlignmentGateTests.shots, seed: UInt64, spread: Float = 0.15) -> [LearnedExample] {
    var random = CounterRandom(seed: seed)
    return (0..<AlignmentGateTests.classes).flatMap { label in
      (0..<shots).map { _ in
        let values = (0..<AlignmentGateTests.classes).map {
          ($0 == label ? 1 : 0) + random.next(from: -spread, to: spread) as Float
        }
        return LearnedExample(identifier: UInt64(label), embedding: values)
      }
    }
  }

  /// The same for all, whatever they show.
  private func nothing(_ count: Int) -> [LearnedExample] {
    (0..<count).map { LearnedExample(identifier: UInt64($0), embedding: [1, 0.9, 0.8, 0.7]) }
  }

  private func learner(shots: Int = AlignmentGateTests.shots) -> HeadLearner {
    let rows = photos(shots, seed: 1), classes = AlignmentGateTests.classes
    let examples = ExampleMemory(count: rows.count, classCount: classes, dimension: classes)
    for (index, row) in rows.enumerated() { examples.set(index, to: row.embedding.span, label: index / shots) }
    return HeadLearner(examples: examples, lengths: rows.map(\.length), statistics: nil)
  }

  private func gate(
    aligned: [LearnedExample], ofCamera: [LearnedExample], before: [LearnedExample], shots: Int = AlignmentGateTests.shots
  ) throws -> AlignmentGate {
    try AlignmentGate(
      learner(shots: shots), .head(.prototype),
      AlignmentGate.Asked(aligned: aligned, ofCameraBefore: before, ofCamera: ofCamera))
  }

  @Test func anEncoderThatAnswersTheCamerasPhotosBetterIsTaken() throws {
    // The labelled photos as they are may all be lost by design.
    let found = try gate(aligned: nothing(20), ofCamera: photos(seed: 4), before: nothing(20))
    #expect(found.heldOut == 20 && found.rightBefore == 20 && found.right == 5, "\(found)")
    #expect(found.rightOfCamera == 20 && found.rightOfCameraBefore == 5 && found.isPassed, "\(found)")
    #expect(found.leaveOneOutAccuracy == 0.25)
  }

  @Test func anEncoderThatSeesTheSameInAllIsNotTaken() throws {
    #expect(try !gate(aligned: nothing(20), ofCamera: nothing(20), before: photos(seed: 3)).isPassed)
    // Nor where the photos showed nothing before.
    #expect(try !gate(aligned: nothing(20), ofCamera: nothing(20), before: nothing(20)).isPassed)
    #expect(try !gate(aligned: photos(seed: 2), ofCamera: nothing(20), before: nothing(20)).isPassed)
  }

  /// Photos of the classes, of which the first `lost` of each show the next class.
  private func photos(lost: Int) -> [LearnedExample] {
    let rows = photos(seed: 4), shots = AlignmentGateTests.shots
    return rows.indices.map { index in index % shots < lost ? rows[(index + shots) % rows.count] : rows[index] }
  }

  /// The camera is guessed: a little worse is no proof, clearly worse is.
  @Test func whatAnswersClearlyWorseIsNotTaken() throws {
    for lost in 0...5 {
      let found = try gate(aligned: nothing(20), ofCamera: photos(lost: lost), before: photos(seed: 4))
      #expect(found.rightOfCamera == 20 - 4 * lost && found.rightOfCameraBefore == 20, "\(found)")
      // A sixth of 20 photos is 3.
      #expect(found.isPassed == (lost == 0), "\(lost): \(found)")
    }
    // Where the encoder before saw less, it need not be as good as on the photos as they are, but far from chance.
    for (lost, isPassed) in [(1, true), (2, true), (3, false)] {
      let found = try gate(aligned: nothing(20), ofCamera: photos(lost: lost), before: photos(lost: 3))
      #expect(found.rightOfCameraBefore == 8 && found.isPassed == isPassed, "\(lost): \(found)")
    }
  }

  @Test func onePhotoOfAClassIsAskedAboutItself() throws {
    let found = try gate(aligned: photos(1, seed: 2), ofCamera: photos(1, seed: 3), before: nothing(4), shots: 1)
    #expect(found.heldOut == 4 && found.rightBefore == 4 && found.right == 4 && found.isPassed, "\(found)")
    #expect(!found.isLeftOut && found.leaveOneOutAccuracy == nil)
    #expect(try !gate(aligned: nothing(4), ofCamera: nothing(4), before: nothing(4), shots: 1).isPassed)
  }
}
