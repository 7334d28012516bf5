import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// Points of length 1 in memory of their own.
final class Points {
  let memory: AlignedMemory
  let matrix: EmbeddingMatrix

  init(_ rows: [[Float]]) {
    let dimension = rows[0].count
    memory = AlignedMemory(byteCount: 4 * rows.count * dimension)
    for (index, row) in rows.enumerated() {
      let values = row.normalized().values
      for column in 0..<dimension { memory.floats[index * dimension + column] = values[column] }
    }
    matrix = memory.floats.matrix(rows.count, dimension)
  }

  /// `count` points around each of some directions, class after class.
  convenience init(classes: Int, count: Int, spread: Float = 0.2, seed: UInt64 = 1) {
    var source = SyntheticClasses(classes: classes, dimension: 16, spread: spread, seed: seed)
    self.init((0..<classes).flatMap { label in (0..<count).map { _ in source.embedding(ofClass: label) } })
  }
}

@Suite struct KMeansTests {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func clustersOfClassesAreFound(seed: UInt64) {
    let points = Points(classes: 6, count: 20, seed: seed)
    let means = KMeans(points.matrix, clusters: 6, seed: seed)
    for label in 0..<6 {
      let own = Set(means.assignments[label * 20..<(label + 1) * 20])
      #expect(own.count == 1, "seed \(seed), class \(label): \(own)")
    }
    #expect(Set(means.assignments).count == 6, "seed \(seed)")
    #expect(KMeans(points.matrix, clusters: 6, seed: seed).assignments == means.assignments)
    withExtendedLifetime(points) {}
  }

  @Test func manyPointsAreIteratedInBatches() {
    let points = Points(classes: 3, count: 1500)
    #expect(points.matrix.count > KMeans.batchSize)
    let means = KMeans(points.matrix, clusters: 3, seed: 5)
    for label in 0..<3 {
      #expect(Set(means.assignments[label * 1500..<(label + 1) * 1500]).count == 1, "class \(label)")
    }
    withExtendedLifetime(points) {}
  }

  @Test func thereAreNoMoreClustersThanPoints() {
    let points = Points(classes: 3, count: 1)
    let means = KMeans(points.matrix, clusters: 10, seed: 0)
    #expect(means.clusters == 3 && Set(means.assignments).count == 3)
    withExtendedLifetime(points) {}
  }

  @Test func equalPointsAreNoTrouble() {
    let points = Points([[Float]](repeating: [1, 2, 3], count: 9))
    #expect(KMeans(points.matrix, clusters: 4, seed: 0).assignments.allSatisfy { 0..<4 ~= $0 })
    withExtendedLifetime(points) {}
  }
}
