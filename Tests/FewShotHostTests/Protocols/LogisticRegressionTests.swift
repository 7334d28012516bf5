import FewShotTestSupport
import Foundation
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct LogisticRegressionTests {
  private func dataset(spread: Float, photos: [Int]) -> (EmbeddedDataset, [Int]) {
    var source = SyntheticClasses(classes: photos.count, dimension: 12, spread: spread)
    var dataset = EmbeddedDataset(dimension: 12)
    for (label, count) in photos.enumerated() {
      dataset.add("c\(label)", (0..<count).map { _ in source.embedding(ofClass: label) })
    }
    return (dataset, photos.enumerated().flatMap { label, count in [Int](repeating: label, count: count) })
  }

  /// Two classes at (1, 0) and (-1, 0), n points each: the weights are ±w, and w is the root of w = 2 C n / (1 + exp(2 w)), since
  /// the objective is 2 C n log(1 + exp(-2 w)) + w^2.
  @Test(arguments: [Float(0.01), 1, 100]) func theOptimumOfTwoPointsIsThatByHand(c: Float) throws {
    var dataset = EmbeddedDataset(dimension: 2)
    dataset.add("a", [[1, 0], [1, 0], [1, 0]])
    dataset.add("b", [[-1, 0], [-1, 0], [-1, 0]])
    let probe = dataset.withEmbeddings { LogisticRegression($0, Array(0..<6), [0, 0, 0, 1, 1, 1], classes: 2, c: c) }
    var (low, high) = (0.0, 1000.0)
    for _ in 0..<200 {
      let w = (low + high) / 2
      if w < 2 * Double(c) * 3 / (1 + exp(2 * w)) { low = w } else { high = w }
    }
    let found = probe.weights
    #expect(abs(Double(found[0]) - low) < 2e-3 * max(1, low), "\(found) instead of \(low)")
    #expect(abs(Double(found[1]) + low) < 2e-3 * max(1, low))
    #expect(found[2...].allSatisfy { abs($0) < 1e-4 }, "neither the other axis nor the biases tell them apart: \(found)")
  }

  @Test func classesFarApartAreLearnedWithoutAMistake() {
    let (dataset, labels) = dataset(spread: 0.2, photos: [9, 7, 12, 8])
    let accuracy = dataset.withEmbeddings { embeddings in
      LogisticRegression(embeddings, Array(labels.indices), labels, classes: 4, c: 100).accuracy(
        embeddings, Array(labels.indices), labels)
    }
    #expect(accuracy == 1)
  }

  @Test func aStrongPenaltyLeavesTheMostFrequentClass() {
    let (dataset, labels) = dataset(spread: 1, photos: [5, 20, 6])
    dataset.withEmbeddings { embeddings in
      let probe = LogisticRegression(embeddings, Array(labels.indices), labels, classes: 3, c: 1e-6)
      #expect(labels.indices.allSatisfy { probe.label(of: embeddings[$0]) == 1 })
    }
  }
}
