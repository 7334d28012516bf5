import FewShotTestSupport
import Foundation
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct HeadTests {
  @Test(arguments: [2, 5, 20], [1, 3, 5]) func prototypesAndPredictionsAgreeWithDoubleArithmetic(classes: Int, shots: Int) throws {
    let dimension = 19
    let knowledge = try SyntheticClasses.knowledge(classes: classes, shots: shots, dimension: dimension)
    let head = try LearnedHead(knowledge, statistics: nil)
    var expected: [[Double]] = []
    for learned in knowledge.classes {
      var mean = [Double](repeating: 0, count: dimension)
      for example in learned.examples {
        for (i, v) in example.embedding.normalizedCopy.enumerated() { mean[i] += v / Double(shots) }
      }
      expected.append(mean)
    }
    for label in 0..<classes {
      let found = head.prototypes[label * dimension..<(label + 1) * dimension].map { Double($0) }
      #expect(abs(cosine(found, expected[label]) - 1) < 1e-6)
      #expect(abs(found.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }

    var source = SyntheticClasses(classes: classes, dimension: dimension)
    for _ in 0..<20 {
      let query = source.noise().normalized().values
      let cosines = expected.map { cosine($0, query.map { Double($0) }) }
      let exponentials = cosines.map { exp(Double(head.calibration.scale) * $0) }
      var confidences = [Float](repeating: 0, count: classes)
      let prediction = head.prototypes.withUnsafeBufferPointer { rows in
        let classifier = CosineClassifier(
          prototypes: EmbeddingMatrix(rows.baseAddress!, count: classes, dimension: dimension), scale: head.calibration.scale,
          threshold: 0.25)
        var span = confidences.mutableSpan
        return withEmbedding(query) { classifier.classify($0, confidences: &span) }
      }
      let best = cosines.indices.max { cosines[$0] < cosines[$1] }!
      #expect(prediction.label == best, "\(cosines)")
      #expect(abs(Double(prediction.cosine) - cosines[best]) < 1e-6)
      #expect(prediction.isUnknown == (cosines[best] < 0.25))
      for label in 0..<classes {
        #expect(abs(Double(confidences[label]) - exponentials[label] / exponentials.reduce(0, +)) < 1e-5)
      }
      #expect(prediction.confidence == confidences[best])
    }
  }

  @Test func logarithmAgreesWithFoundation() {
    var random = CounterRandom(seed: 8)
    for _ in 0..<20_000 {
      let x = Float(bitPattern: 0x0080_0000 + random.next() % 0x7F00_0000)
      let expected = log(Double(x))
      #expect(abs(Double(ElementaryMath.log(x)) - expected) <= 2e-7 * max(1, abs(expected)), "log \(x)")
    }
    #expect(ElementaryMath.log(1) == 0)
  }
}

@Suite struct CalibrationTests {
  /// Everything that calibration computes, plainly.
  struct Expectation {
    var leftOut: [Double] = []
    var others: [Double] = []
    var right = 0
    var logits: [(cosines: [Double], label: Int)] = []

    init(_ knowledge: Knowledge) {
      let rows = knowledge.classes.map { $0.examples.map { $0.embedding.map { Double($0) } } }
      func mean(_ rows: [[Double]]) -> [Double] { (0..<rows[0].count).map { i in rows.reduce(0) { $0 + $1[i] } } }
      for (label, own) in rows.enumerated() {
        for (index, row) in own.enumerated() {
          var cosines = rows.map { cosine(row, mean($0)) }
          others.append(cosines.enumerated().filter { $0.offset != label }.map(\.element).max()!)
          guard own.count > 1 else { continue }
          cosines[label] = cosine(row, mean(own.enumerated().filter { $0.offset != index }.map(\.element)))
          // The sum of the others, over the length of the mean of all.
          let sum = mean(own), rest = zip(sum, row).map { $0 - $1 }, count = Double(own.count)
          let product = zip(rest, row).reduce(0) { $0 + $1.0 * $1.1 }, length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
          leftOut.append(max(others.last!, product / length * count / (count - 1)))
          right += cosines[label] > others.last! ? 1 : 0
          logits.append((cosines, label))
        }
      }
      leftOut.sort()
      others.sort()
    }

    func loss(_ scale: Double) -> Double {
      logits.reduce(0) { loss, entry in
        loss + log(entry.cosines.reduce(0) { $0 + exp(scale * $1) }) - scale * entry.cosines[entry.label]
      }
    }
  }

  static let grid = (0..<33).map { pow(2, Double($0) / 4) }

  @Test(arguments: [1, 2, 3, 5, 20], [Float(0.2), 0.6]) func agreesWithDoubleArithmetic(shots: Int, spread: Float) throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 4, shots: shots, dimension: 24, spread: spread)
    let found = try LearnedHead(knowledge, statistics: nil).calibration
    let expected = Expectation(knowledge)
    #expect(found.leftOutCount == expected.leftOut.count && found.leftOutRight == expected.right)
    let otherBound = expected.others[(4 * shots * 25 + 99) / 100]
    if shots == 1 {
      #expect(found.thresholdSource == .otherClasses && abs(Double(found.threshold) - otherBound) < 1e-6)
      #expect(found.leaveOneOutAccuracy == nil)
    } else {
      // 5 % of the gaps between and around n scores lie below: the place 0.05 (n + 1), in proportion or by the first slope.
      let scores = expected.leftOut, place = 0.05 * Double(scores.count + 1) - 1, below = max(0, Int(place))
      let kept = scores[below] + (place - Double(below)) * (scores[below + 1] - scores[below])
      #expect(abs(Double(found.threshold) - kept) < 1e-6 && found.thresholdSource == .leaveOneOut)
    }
    if shots < 2 {
      #expect(found.scale == Calibrator.presetScale && found.scaleSource == .preset)
    } else {
      func loss(_ scale: Double) -> Double { expected.loss(scale) + 2 * pow(log(scale / Double(Calibrator.presetScale)), 2) }
      let best = CalibrationTests.grid.map(loss).min()!, leftOut = Double(found.scale) / (1 + 0.5 / Double(shots))
      #expect(found.scaleSource == .leaveOneOut)
      #expect(loss(leftOut) <= best * 1.0001 + 1e-4, "scale \(found.scale)")
      #expect(CalibrationTests.grid.contains { abs($0 - leftOut) < 1e-4 * $0 })
    }
  }

  @Test func backgroundIsRefusedWhereNothingCanBeLeftOut() throws {
    let file = try OpenedFile(TestEncoder.bytes(statistics: TestEncoder.statistics()))
    let statistics = try #require(try StatisticsView.of(file.model))
    let knowledge = try SyntheticClasses.knowledge(classes: 3, shots: 1, spread: 1.5)
    let head = try LearnedHead(knowledge, statistics: statistics)
    var row = [Float](repeating: 0, count: 8)
    let scores = (0..<statistics.backgroundCount).map { index -> Float in
      var span = row.mutableSpan
      statistics.copyBackground(index, into: &span)
      return head.prototypes.withUnsafeBufferPointer { rows in
        let classifier = CosineClassifier(
          prototypes: EmbeddingMatrix(rows.baseAddress!, count: 3, dimension: 8), scale: 1, threshold: 0)
        return withEmbedding(row) { classifier.nearest(to: $0).cosine }
      }
    }
    let refused = scores.count { $0 < head.calibration.threshold }
    #expect(head.calibration.thresholdSource == .background)
    #expect(10 * refused >= 9 * scores.count && 10 * (refused - 1) < 9 * scores.count + 10, "\(refused) of \(scores.count)")
  }

  @Test func classesWithOneExampleAreNotLeftOut() throws {
    var source = SyntheticClasses(classes: 3, dimension: 8)
    var knowledge = Knowledge(dimension: 8)
    try knowledge.add(source.examples(ofClass: 0, count: 1), to: "single")
    try knowledge.add(source.examples(ofClass: 1, count: 4), to: "four")
    try knowledge.add(source.examples(ofClass: 2, count: 2), to: "two")
    let calibration = try LearnedHead(knowledge, statistics: nil).calibration
    #expect(calibration.leftOutCount == 6)
    #expect(calibration.scaleSource == .preset)
    #expect(calibration.threshold.isFinite && calibration.threshold > -1)
  }

  @Test func classesThatAreAllTheSameAreBearable() throws {
    var knowledge = Knowledge(dimension: 3)
    let same = (0..<4).map { LearnedExample(identifier: UInt64($0), embedding: [1, 2, 3]) }
    try knowledge.add(same, to: "a")
    try knowledge.add(same, to: "b")
    try knowledge.add([LearnedExample(identifier: 0, embedding: [0, 0, 0])], to: "zero")
    let head = try LearnedHead(knowledge, statistics: nil)
    #expect(head.calibration.threshold.isFinite && head.calibration.scale.isFinite)
    #expect(head.prototypes.allSatisfy { $0.isFinite })
  }
}
