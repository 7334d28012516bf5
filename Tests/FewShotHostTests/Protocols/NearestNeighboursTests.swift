import Foundation
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct NearestNeighboursTests {
  /// Points on a circle, at these degrees.
  private func dataset(_ classes: [[Float]]) -> EmbeddedDataset {
    var dataset = EmbeddedDataset(dimension: 2)
    for (label, degrees) in classes.enumerated() {
      dataset.add(
        "c\(label)",
        degrees.map { [cos($0 * .pi / 180), sin($0 * .pi / 180)] })
    }
    return dataset
  }

  private func nearest<R>(_ classes: [[Float]], _ body: (NearestNeighbours) -> R) -> R {
    let labels = classes.enumerated().flatMap { label, points in points.map { _ in label } }
    return dataset(classes).withEmbeddings { body(NearestNeighbours(embeddings: $0, labels: labels)) }
  }

  @Test func photosAreRankedByCosineWithoutThemselves() {
    nearest([[0, 10, 100], [20, 210]]) {
      #expect($0.ranked(0, in: [0, 1, 2, 3, 4]) == [1, 3, 2, 4])
      #expect($0.ranked(2, in: [0, 4, 3]) == [3, 0, 4])
    }
  }

  @Test func moreVotesWinAndOfAsManyTheFirstClass() {
    // Row 4 is nearest to one photo of its own class, then to two of the other.
    nearest([[10, 12, 100], [1, 0]]) { nearest in
      #expect(nearest.accuracies([4], in: [0, 1, 3], ks: [1, 2, 3]) == [1, 0, 0])
    }
  }

  @Test func averagePrecisionIsThatOfTheTextbook() {
    // Of row 0, the others are in the order right, wrong, right: (1/1 + 2/3) / 2. Of row 1: right, wrong, right. Of row 2: wrong,
    // right, right. Row 3 has no other photo of its class.
    nearest([[0, 1, 30], [10]]) { nearest in
      let found = nearest.retrieval(ks: [1, 2])
      #expect(found.queries == 3)
      let first = (1.0 + 2.0 / 3) / 2, second = (1.0 + 2.0 / 3) / 2, third = (1.0 / 2 + 2.0 / 3) / 2
      #expect(abs(found.meanAveragePrecision - (first + second + third) / 3) < 1e-12)
      #expect(abs(found.precisions[0] - 2.0 / 3) < 1e-12)
      #expect(abs(found.precisions[1] - 0.5) < 1e-12)
    }
  }
}
