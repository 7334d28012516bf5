import FewShot
import HostRuntime
import TinyNN

/// Spherical k-means of points of length 1: each belongs to the centre with the largest cosine.
///
/// Centres are drawn far from each other (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007). Up to
/// `batchSize` points are iterated as a whole, from several seedings, the tightest clusters being kept; more in batches drawn at
/// random (Sculley, "Web-scale k-means clustering", 2010), so that time and memory besides the points stay small. The same seed
/// gives the same clusters on every machine.
struct KMeans {
  static let batchSize = 4096
  private static let iterationLimit = 50
  private static let batchCount = 100
  private static let seedings = 4

  /// The cluster of each point.
  private(set) var assignments: [Int32]
  /// [clusters][dimension], each of length 1, or 0.
  private let centres: AlignedMemory
  private let points: EmbeddingMatrix
  let clusters: Int

  /// At most as many clusters as points.
  init(_ points: EmbeddingMatrix, clusters wanted: Int, seed: UInt64) {
    let clusters = min(wanted, points.count)
    self.points = points
    self.clusters = clusters
    assignments = [Int32](repeating: 0, count: points.count)
    centres = AlignedMemory(byteCount: max(1, 4 * clusters * points.dimension))
    guard clusters > 0 else { return }
    var best: (tightness: Double, centres: AlignedMemory)?
    let isWhole = points.count <= KMeans.batchSize
    for attempt in 0..<(isWhole ? KMeans.seedings : 1) {
      var random = CounterRandom(seed: seed, stream: UInt64(attempt))
      drawCentres(&random)
      if isWhole { iterate() } else { iterateInBatches(&random) }
      let tightness = assign()
      if tightness > best?.tightness ?? -.infinity { best = (tightness, AlignedMemory(copying: centres.bytes)) }
    }
    centres.buffer.copyMemory(from: UnsafeRawBufferPointer(best!.centres.buffer))
    _ = assign()
  }

  private func centre(_ cluster: Int) -> Elements<Float> { centres.floats.slice(cluster * points.dimension, points.dimension) }

  /// Each with a probability that grows with the squared distance to those before.
  private func drawCentres(_ random: inout CounterRandom) {
    var distances = [Float](repeating: .infinity, count: points.count)
    var next = random.next(below: points.count)
    for cluster in 0..<clusters {
      centre(cluster).copy(points[next])
      var total = 0.0
      for index in 0..<points.count {
        distances[index] = min(distances[index], max(0, 2 - 2 * points[index].dot(centre(cluster).embedding)))
        total += Double(distances[index])
      }
      var rest = Double(random.nextUnit()) * total
      next = points.count - 1
      for index in 0..<points.count {
        rest -= Double(distances[index])
        if rest < 0 {
          next = index
          break
        }
      }
    }
  }

  private func iterate() {
    var last: [Int32] = []
    for _ in 0..<KMeans.iterationLimit {
      let nearest = (0..<points.count).map { Int32(self.nearest(to: points[$0]).cluster) }
      if nearest == last { return }
      let sums = AlignedMemory(byteCount: centres.buffer.count)
      add(nearest.enumerated().map { ($0, Int($1)) }, to: sums)
      move(to: sums)
      last = nearest
    }
  }

  private func iterateInBatches(_ random: inout CounterRandom) {
    let sums = AlignedMemory(byteCount: centres.buffer.count)
    for _ in 0..<KMeans.batchCount {
      let batch = (0..<KMeans.batchSize).map { _ in
        let row = random.next(below: points.count)
        return (row, nearest(to: points[row]).cluster)
      }
      add(batch, to: sums)
      move(to: sums)
    }
  }

  private func add(_ rows: [(row: Int, cluster: Int)], to sums: AlignedMemory) {
    for (row, cluster) in rows { sums.floats.slice(cluster * points.dimension, points.dimension).add(points[row]) }
  }

  /// A centre without points stays.
  private func move(to sums: AlignedMemory) {
    for cluster in 0..<clusters {
      let sum = sums.floats.slice(cluster * points.dimension, points.dimension).embedding
      guard sum.dot(sum) > 0 else { continue }
      centre(cluster).copy(sum)
      _ = centre(cluster).normalize()
    }
    withExtendedLifetime(sums) {}
  }

  /// The sum of the points' cosines to their centres.
  private mutating func assign() -> Double {
    var sum = 0.0
    for index in 0..<points.count {
      let (cluster, cosine) = nearest(to: points[index])
      assignments[index] = Int32(cluster)
      sum += Double(cosine)
    }
    return sum
  }

  private func nearest(to point: Embedding) -> (cluster: Int, cosine: Float) {
    let found = CosineClassifier(prototypes: centres.floats.matrix(clusters, points.dimension), scale: 1, threshold: -1)
      .nearest(to: point)
    return (found.label, found.cosine)
  }
}
