import FewShotTestSupport
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct NoveltyDetectionTests {
  private var dataset: EmbeddedDataset {
    var source = SyntheticClasses(classes: 4, dimension: 16, spread: 0.3)
    var dataset = EmbeddedDataset(dimension: 16)
    for label in 0..<4 { dataset.add("c\(label)", (0..<12).map { _ in source.embedding(ofClass: label) }) }
    return dataset
  }

  @Test(arguments: NoveltyDetection.Detector.allCases)
  func photosOfLearnedClassesScoreHigher(detector: NoveltyDetection.Detector) {
    dataset.withEmbeddings { embeddings in
      let detection = NoveltyDetection(embeddings, known: [Array(0..<6), Array(12..<18)])
      let known = Array(6..<12) + Array(18..<24), others = Array(24..<48)
      let (area, falseAcceptance) = rejection(
        known.map { detection.score($0, detector) }, others.map { detection.score($0, detector) })
      #expect(area > 0.95, "\(detector): \(area)")
      #expect(falseAcceptance < 0.2, "\(detector): \(falseAcceptance)")
    }
  }

  /// Two dimensions, one class: both covariances are the same, so the relative distance is 0 everywhere.
  @Test func theRelativeDistanceOfOneClassIsNothing() {
    dataset.withEmbeddings { embeddings in
      let detection = NoveltyDetection(embeddings, known: [Array(0..<12)])
      for row in 0..<embeddings.count { #expect(abs(detection.score(row, .mahalanobis)) < 1e-2) }
    }
  }

  @Test func theMahalanobisDistanceIsThatOfTheInverseCovariance() {
    // On a circle: (1, 0), (0, 1) and (0.6, 0.8), (0.8, 0.6).
    var dataset = EmbeddedDataset(dimension: 2)
    dataset.add("a", [[1, 0], [0.6, 0.8]])
    dataset.add("b", [[0, 1], [0.8, 0.6]])
    dataset.withEmbeddings { embeddings in
      let detection = NoveltyDetection(embeddings, known: [[0, 1], [2, 3]])
      let points: [[Double]] = [[1, 0], [0.6, 0.8], [0, 1], [0.8, 0.6]]
      func mean(_ rows: [Int]) -> [Double] { [0, 1].map { axis in rows.reduce(0) { $0 + points[$1][axis] } / Double(rows.count) } }
      func square(_ x: [Double], _ m: [Double], _ differences: [[Double]]) -> Double {
        func entry(_ i: Int, _ j: Int) -> Double { differences.reduce(0) { $0 + $1[i] * $1[j] } / Double(differences.count) }
        let shift = 0.1 * (entry(0, 0) + entry(1, 1)) / 2
        let a = 0.9 * entry(0, 0) + shift, b = 0.9 * entry(0, 1), c = 0.9 * entry(1, 1) + shift
        let (dx, dy) = (x[0] - m[0], x[1] - m[1])
        return (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / (a * c - b * b)
      }
      let means = [mean([0, 1]), mean([2, 3])], all = mean([0, 1, 2, 3])
      let within = points.enumerated().map { index, point in zip(point, means[index / 2]).map { $0 - $1 } }
      let overall = points.map { zip($0, all).map { $0 - $1 } }
      for row in 0..<4 {
        let nearest = means.map { square(points[row], $0, within) }.min()!
        let expected = square(points[row], all, overall) - nearest
        #expect(abs(Double(detection.score(row, .mahalanobis)) - expected) < 1e-3)
      }
    }
  }
}
