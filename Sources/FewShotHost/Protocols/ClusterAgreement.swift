import Glibc

/// How well clusters agree with classes.
struct ClusterAgreement: Equatable {
  /// Mutual information over the mean of both entropies (Strehl, Ghosh, "Cluster ensembles", 2002), 0 to 1.
  let normalizedMutualInformation: Double
  /// Hubert and Arabie, "Comparing partitions", 1985: 1 where both are the same, 0 as by chance.
  let adjustedRand: Double
  /// The part of points that belong to their cluster's most frequent class.
  let purity: Double

  /// - Parameters:
  ///   - clusters: of each point, from 0.
  ///   - labels: its class, from 0; as many.
  init(_ clusters: [Int], _ labels: [Int]) {
    let rows = (clusters.max() ?? 0) + 1, columns = (labels.max() ?? 0) + 1, total = Double(max(1, clusters.count))
    var counts = [[Int]](repeating: [Int](repeating: 0, count: columns), count: rows)
    for (cluster, label) in zip(clusters, labels) { counts[cluster][label] += 1 }
    let ofCluster = counts.map { $0.reduce(0, +) }
    let ofLabel = (0..<columns).map { label in counts.reduce(0) { $0 + $1[label] } }
    purity = Double(counts.reduce(0) { $0 + $1.max()! }) / total

    func entropy(_ counts: [Int]) -> Double {
      counts.reduce(0) { $1 == 0 ? $0 : $0 - Double($1) / total * log(Double($1) / total) }
    }
    var information = 0.0
    for (cluster, row) in counts.enumerated() {
      for (label, count) in row.enumerated() where count > 0 {
        information += Double(count) / total * log(Double(count) * total / (Double(ofCluster[cluster]) * Double(ofLabel[label])))
      }
    }
    let mean = (entropy(ofCluster) + entropy(ofLabel)) / 2
    normalizedMutualInformation = mean == 0 ? 1 : information / mean

    func pairs(_ counts: [Int]) -> Double { counts.reduce(0) { $0 + Double($1) * Double($1 - 1) / 2 } }
    let together = pairs(counts.flatMap { $0 }), all = total * (total - 1) / 2
    let expected = all == 0 ? 0 : pairs(ofCluster) * pairs(ofLabel) / all
    let largest = (pairs(ofCluster) + pairs(ofLabel)) / 2
    adjustedRand = largest == expected ? 1 : (together - expected) / (largest - expected)
  }
}
