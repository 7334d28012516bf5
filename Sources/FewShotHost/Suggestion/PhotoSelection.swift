public import FewShot
import HostRuntime
import TinyNN

/// Chooses which photos are worth a label: a typical one of each cluster that has none (Hacohen, Dekel, Weinshall, "Active
/// learning on a budget: opposite strategies suit high and low budgets", 2022).
///
/// There are as many clusters as labels, those that are there and those that are wanted. Clusters with the fewest labels come
/// first, of these the one with the largest weight; of its photos the most typical, whose mean cosine to its nearest neighbours in
/// the cluster is largest.
public struct PhotoSelection {
  /// What is chosen first where photos have labels already.
  public enum Order: Sendable {
    /// Of large clusters the typical photo.
    case typical
    /// Of clusters in which a task is unsure most often the typical photo.
    case unsureClusters
    /// Of each cluster the photo of which a task is least sure.
    case unsurePhotos
  }

  public struct Choice: Equatable, Sendable {
    /// Of the photos.
    public let row: Int
    /// Numbered in the order in which they come first.
    public let cluster: Int
    /// Photos in it.
    public let clusterSize: Int
    /// Labels that it had before.
    public let labelled: Int
    /// Mean cosine to the nearest neighbours in the cluster.
    public let typicality: Float
  }

  /// Neighbours whose similarity makes a photo typical.
  static let neighbours = 5
  /// Photos of a cluster that are compared with each other, evenly spread.
  static let comparedPhotos = 1000
  /// Photos with a larger cosine are taken for the same scene, as most that are taken again with a camera's noise are, not all.
  public static let copyCosine: Float = 0.9

  /// With a task. The others have not been shown to bring more: `edgessl evaluate --select` compares them.
  public static let taskOrder = Order.typical

  private let points: EmbeddingMatrix
  private let photoCount: Int
  private let seed: UInt64

  /// - Parameters:
  ///   - points: photos, then those that have labels; each of length 1, kept alive as long as this value.
  ///   - photoCount: how many of them are photos without labels.
  public init(_ points: EmbeddingMatrix, photoCount: Int, seed: UInt64 = 0) {
    precondition(photoCount <= points.count)
    self.points = points
    self.photoCount = photoCount
    self.seed = seed
  }

  /// At most `count` photos, the most useful first; fewer where the others are copies.
  /// - Parameter doubts: how unsure the task is of each photo, from 0 to 1; empty without a task.
  public func choose(_ count: Int, order: Order = .typical, doubts: [Float] = []) -> [Choice] {
    let labelled = points.count - photoCount
    let means = KMeans(points, clusters: labelled + count, seed: seed)
    var clusters = (0..<means.clusters).map { _ in Cluster() }
    for (row, cluster) in means.assignments.enumerated() {
      if row < photoCount {
        clusters[Int(cluster)].rows.append(Int32(row))
        clusters[Int(cluster)].weight += order == .typical || doubts.isEmpty ? 1 : doubts[row]
      } else {
        clusters[Int(cluster)].labelled += 1
      }
    }
    var numbers: [Int: Int] = [:]
    var choices: [Choice] = [], kept = (photoCount..<points.count).map { $0 }
    while choices.count < count, let place = clusters.nextPlace {
      if !clusters[place].isOrdered {
        clusters[place].order = ordered(clusters[place].rows, doubts: order == .unsurePhotos ? doubts : [])
        clusters[place].isOrdered = true
      }
      guard let best = clusters[place].next(where: { row in !kept.contains { isCopy(row, $0) } }) else {
        clusters[place].isEmpty = true
        continue
      }
      let number = numbers[place] ?? numbers.count
      numbers[place] = number
      choices.append(
        Choice(
          row: best.row, cluster: number, clusterSize: clusters[place].rows.count, labelled: clusters[place].labelled,
          typicality: best.typicality))
      kept.append(best.row)
      clusters[place].taken += 1
    }
    return choices
  }

  private func isCopy(_ a: Int, _ b: Int) -> Bool { points[a].dot(points[b]) > PhotoSelection.copyCosine }

  /// The photos of a cluster, the most typical, or least sure, first.
  private func ordered(_ rows: [Int32], doubts: [Float]) -> [(row: Int, typicality: Float)] {
    let compared = rows.evenlySpread(atMost: PhotoSelection.comparedPhotos).map { Int($0) }
    let typical = compared.map { row in
      var nearest = [Float](repeating: -1, count: min(PhotoSelection.neighbours, compared.count - 1))
      for other in compared where other != row {
        var cosine = points[row].dot(points[other])
        // Insertion into the few largest.
        for place in nearest.indices where cosine > nearest[place] { swap(&cosine, &nearest[place]) }
      }
      return (row: row, typicality: nearest.isEmpty ? 1 : nearest.reduce(0, +) / Float(nearest.count))
    }
    func key(_ photo: (row: Int, typicality: Float)) -> Float { doubts.isEmpty ? photo.typicality : doubts[photo.row] }
    return typical.sorted { key($0) > key($1) || (key($0) == key($1) && $0.row < $1.row) }
  }
}

private struct Cluster {
  var rows: [Int32] = []
  var weight: Float = 0
  var labelled = 0
  var taken = 0
  var isEmpty = false
  var isOrdered = false
  /// Behind those that were asked for.
  var order: [(row: Int, typicality: Float)] = []
  private var asked = 0

  mutating func next(where isWanted: (Int) -> Bool) -> (row: Int, typicality: Float)? {
    while asked < order.count {
      asked += 1
      if isWanted(order[asked - 1].row) { return order[asked - 1] }
    }
    return nil
  }
}

extension [Cluster] {
  /// Of those with the fewest labels the one with the largest weight; nil where no photo is left.
  fileprivate var nextPlace: Int? {
    indices.filter { !self[$0].isEmpty && !self[$0].rows.isEmpty }.min { a, b in
      let (fewest, others) = (self[a].labelled + self[a].taken, self[b].labelled + self[b].taken)
      return fewest < others || (fewest == others && self[a].weight > self[b].weight)
    }
  }
}
