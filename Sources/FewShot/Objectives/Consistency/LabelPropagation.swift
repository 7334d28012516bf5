import TinyNN

/// Soft labels of photos from a graph of nearest neighbours (Zhou et al., "Learning with local and global consistency", 2004):
///
///     A: cosines to the k nearest, negative ones 0, an edge in either direction counts; W = D^-1/2 A D^-1/2;   F <- 0.8 W F + Y
///
/// ten times, then each row to a sum of 1. Y: the class of each prototype, which are nodes like the photos.
struct LabelPropagation {
  private static let kept: Float = 0.8
  private static let rounds = 10

  private let photos: Int
  private let classes: Int
  private var nodes: Int { photos + classes }
  /// Edges from a node.
  private var degree: Int { min(max(1, nodes - 1), min(10, max(3, photos / (4 * max(1, classes))))) }

  init(_ shape: ObjectiveShape) {
    photos = shape.photoCount
    classes = shape.classCount
  }

  /// F [nodes][classes], whose first rows are the photos' labels | the next F | neighbours and weights [nodes][degree] | D [nodes].
  var memoryCount: Int { nodes * (2 * classes + 2 * degree + 1) }

  func run(_ rows: EmbeddingMatrix, _ prototypes: EmbeddingMatrix, _ memory: Elements<Float>) {
    let labels = memory.slice(0, nodes * classes), next = memory.slice(nodes * classes, nodes * classes)
    let neighbours = memory.slice(2 * nodes * classes, nodes * degree)
    let weights = memory.slice(2 * nodes * classes + nodes * degree, nodes * degree)
    let sums = memory.slice(nodes * (2 * classes + 2 * degree), nodes)
    memory.slice(0, memoryCount).clear()
    func row(_ node: Int) -> Embedding { node < rows.count ? rows[node] : prototypes[node - rows.count] }
    let count = rows.count + classes
    for node in 0..<count {
      let own = neighbours.slice(node * degree, degree), weight = weights.slice(node * degree, degree)
      for place in 0..<degree { own[place] = -1 }
      for other in 0..<count where other != node { insert(other, row(node).dot(row(other)), own, weight) }
    }
    for node in 0..<count {
      for place in node * degree..<(node + 1) * degree where neighbours[place] >= 0 {
        let other = Int(neighbours[place])
        // An edge in both directions is met twice.
        if isNeighbour(node, of: other, neighbours) { weights[place] = weights[place] / 2 }
      }
    }
    for node in 0..<count {
      forEachEdge(of: node, neighbours, weights) { other, weight in
        sums[node] = sums[node] + weight
        sums[other] = sums[other] + weight
      }
    }
    for c in 0..<classes { labels[(rows.count + c) * classes + c] = 1 }
    for _ in 0..<LabelPropagation.rounds {
      next.clear()
      for c in 0..<classes { next[(rows.count + c) * classes + c] = 1 }
      for node in 0..<count {
        forEachEdge(of: node, neighbours, weights) { other, weight in
          let factor = LabelPropagation.kept * weight / (sums[node] * sums[other]).squareRoot()
          next.slice(node * classes, classes).add(labels.slice(other * classes, classes), times: factor)
          next.slice(other * classes, classes).add(labels.slice(node * classes, classes), times: factor)
        }
      }
      for i in 0..<count * classes { labels[i] = next[i] }
    }
    for node in 0..<count {
      let own = labels.slice(node * classes, classes)
      var total: Float = 0
      for c in 0..<classes { total = total + own[c] }
      for c in 0..<classes { own[c] = total > 0 ? own[c] / total : 1 / Float(classes) }
    }
  }

  /// Keeps the nearest, the nearest first.
  private func insert(_ node: Int, _ cosine: Float, _ nearest: Elements<Float>, _ weights: Elements<Float>) {
    guard cosine > 0 else { return }
    var place = degree
    while place > 0, nearest[place - 1] < 0 || weights[place - 1] < cosine {
      if place < degree {
        nearest[place] = nearest[place - 1]
        weights[place] = weights[place - 1]
      }
      place -= 1
    }
    guard place < degree else { return }
    nearest[place] = Float(node)
    weights[place] = cosine
  }

  private func isNeighbour(_ node: Int, of other: Int, _ neighbours: Elements<Float>) -> Bool {
    for place in other * degree..<(other + 1) * degree where neighbours[place] == Float(node) { return true }
    return false
  }

  private func forEachEdge(
    of node: Int, _ neighbours: Elements<Float>, _ weights: Elements<Float>, _ body: (Int, Float) -> Void
  ) {
    for place in node * degree..<(node + 1) * degree where neighbours[place] >= 0 { body(Int(neighbours[place]), weights[place]) }
  }
}
