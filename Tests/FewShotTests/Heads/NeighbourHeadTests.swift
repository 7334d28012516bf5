import FewShotTestSupport
import Foundation
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

struct NeighbourHeadTests {
  private func classify(_ head: LearnedHead, _ query: [Float]) -> (Prediction, [Float]) {
    let classifier = HeadClassifier(head)
    let prediction = withEmbedding(query) { classifier.classify($0, length: 1) }
    return (prediction, (0..<4).map { classifier.confidences[$0] })
  }

  @Test(arguments: [1, 2, 7]) func votesAgreeWithDoubleArithmetic(shots: Int) throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 4, shots: shots, dimension: 12)
    let head = try LearnedHead(knowledge, statistics: nil, method: .head(.knn))
    let examples = knowledge.classes.enumerated().flatMap { label, learned in
      learned.examples.map { ($0.embedding.map { Double($0) }, label) }
    }
    var source = SyntheticClasses(classes: 4, dimension: 12)
    for _ in 0..<20 {
      let query = source.noise().normalized().values
      let nearest = examples.map { (cosine($0.0, query.map { Double($0) }), $0.1) }.sorted { $0.0 > $1.0 }.prefix(
        head.calibration.neighbours)
      var votes = [Double](repeating: 0, count: 4)
      for (cosine, label) in nearest { votes[label] += exp(10 * (cosine - nearest[0].0)) }
      let total = votes.reduce(0, +)
      let exponentials = votes.map { exp(Double(head.calibration.scale) * $0 / total) }
      let (prediction, confidences) = classify(head, query)
      #expect(prediction.label == votes.indices.max { votes[$0] < votes[$1] }, "\(votes)")
      #expect(abs(Double(prediction.score) - nearest[0].0) < 1e-5)
      #expect(prediction.isUnknown == (prediction.score < head.calibration.threshold))
      for label in 0..<4 {
        #expect(abs(Double(confidences[label]) - exponentials[label] / exponentials.reduce(0, +)) < 1e-4, "\(confidences)")
      }
    }
  }

  /// Classes by the angles of their examples in a plane.
  private func learned(_ angles: [[Double]]) throws -> Calibration {
    var knowledge = Knowledge(dimension: 2)
    for (label, angles) in angles.enumerated() {
      let examples = angles.enumerated().map {
        LearnedExample(identifier: UInt64($0), embedding: [Float(cos($1)), Float(sin($1))])
      }
      try knowledge.add(examples, to: "c\(label)")
    }
    return try LearnedHead(knowledge, statistics: nil, method: .head(.knn)).calibration
  }

  @Test func theNumberOfNeighboursComesFromLeftOutExamples() throws {
    // Pairs of the two classes in turns: only the nearest one is of the same class.
    func paired(_ label: Double) -> [Double] {
      let places: [Double] = [0, 0.002, 0.3, 0.302, 0.6, 0.602, 0.9, 0.902]
      return places.map { $0 + 0.15 * label }
    }
    let pairs = try learned([paired(0), paired(1)])
    #expect(pairs.neighbours == 1 && pairs.leftOutRight == 16 && pairs.leftOutCount == 16)
    // Two clumps, each with one example of the other class in its middle, which is the nearest of its two neighbours.
    func clump(_ start: Double, _ stray: Double) -> [Double] {
      let places: [Double] = [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
      return places.map { $0 + start } + [stray + 0.034]
    }
    let clumps = try learned([clump(0, 0.9), clump(0.9, 0)])
    #expect(clumps.neighbours > 1 && clumps.leftOutRight == 16 && clumps.leftOutCount == 18)
  }

  @Test func equalExamplesAndFewOnesAreBearable() throws {
    var knowledge = Knowledge(dimension: 3)
    for name in ["a", "b", "c", "d"] {
      try knowledge.add((0..<2).map { LearnedExample(identifier: UInt64($0), embedding: [1, 2, 3]) }, to: name)
    }
    let (prediction, confidences) = classify(try LearnedHead(knowledge, statistics: nil, method: .head(.knn)), [0, 0, 0])
    #expect(prediction.confidence.isFinite && abs(confidences.reduce(0, +) - 1) < 1e-5)
  }
}
