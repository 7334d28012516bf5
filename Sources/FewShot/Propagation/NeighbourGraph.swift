public import TinyNN

/// The k nearest neighbours of every photo by cosine: a graph whose edges tell which photos show the same.
///
/// Two photos have an edge where one is among the k nearest of the other; it weighs as much as their cosine, and nothing where that
/// is negative. Its memory is fixed: each photo has room for its k nearest.
public struct NeighbourGraph {
  public let count: Int
  /// k.
  public let neighbours: Int
  /// [count][neighbours], in descending order, the first of equals first; the cosines.
  private let cosines: Elements<Float>
  /// [count][neighbours], the photos, below 2^24, which float32 holds exactly.
  private let indices: Elements<Float>
  /// [count]: neighbours so far; then the square roots of the sums of the edges' weights.
  private let totals: Elements<Float>

  /// Values of memory.
  public static func valueCount(_ count: Int, neighbours: Int) -> Int { count * (2 * neighbours + 1) }

  /// The k that suits label propagation: a quarter of a class's mean number of photos, 3 to 10.
  public static func neighbourCount(photos: Int, classes: Int) -> Int {
    min(max(0, photos - 1), max(3, min(10, photos / (4 * max(1, classes)))))
  }

  /// An empty graph. `memory` holds at least `valueCount` values, and is the caller's as long as this value is in use.
  public init(_ count: Int, neighbours: Int, memory: Elements<Float>) {
    self.count = count
    self.neighbours = neighbours
    cosines = memory.slice(0, count * neighbours)
    indices = memory.slice(cosines.count, count * neighbours)
    totals = memory.slice(2 * cosines.count, count)
    totals.clear()
  }

  /// The graph of embeddings of length 1.
  public init(of rows: EmbeddingMatrix, neighbours: Int, memory: Elements<Float>) {
    self.init(rows.count, neighbours: neighbours, memory: memory)
    for row in 0..<count { for other in 0..<row { insert(rows[row].dot(rows[other]), row, other) } }
    finish()
  }

  /// The graph of photos whose cosines are known.
  package init(cosines matrix: SymmetricMatrix, neighbours: Int, memory: Elements<Float>) {
    self.init(matrix.count, neighbours: neighbours, memory: memory)
    for row in 0..<count { for other in 0..<row { insert(matrix[row, other], row, other) } }
    finish()
  }

  /// Offers a pair to both photos' nearest. Each pair is offered once.
  package func insert(_ cosine: Float, _ a: Int, _ b: Int) {
    insert(cosine, from: a, to: b)
    insert(cosine, from: b, to: a)
  }

  private func insert(_ cosine: Float, from photo: Int, to other: Int) {
    let first = photo * neighbours
    var place = Int(totals[photo])
    if place < neighbours {
      totals[photo] = totals[photo] + 1
    } else {
      guard neighbours > 0, cosine > cosines[first + place - 1] else { return }
      place -= 1
    }
    while place > 0, cosines[first + place - 1] < cosine {
      cosines[first + place] = cosines[first + place - 1]
      indices[first + place] = indices[first + place - 1]
      place -= 1
    }
    cosines[first + place] = cosine
    indices[first + place] = Float(other)
  }

  /// After the last pair: sums the weights. Every photo has `neighbours` nearest then, as `neighbours` is below `count`.
  package func finish() {
    totals.clear()
    forEachEdge { a, b, weight in
      totals[a] = totals[a] + weight
      totals[b] = totals[b] + weight
    }
    for photo in 0..<count { totals[photo] = max(1e-9, totals[photo]).squareRoot() }
  }

  /// Neighbour `place` of a photo, the nearest first.
  public func neighbour(_ place: Int, of photo: Int) -> (index: Int, cosine: Float) {
    (Int(indices[photo * neighbours + place]), cosines[photo * neighbours + place])
  }

  /// The mean cosine to the nearest `limit` neighbours: how typical a photo is of those around it.
  public func typicality(of photo: Int, nearest limit: Int) -> Float {
    let used = min(limit, neighbours)
    var sum: Float = 0
    for place in 0..<used { sum = sum + cosines[photo * neighbours + place] }
    return used == 0 ? 0 : sum / Float(used)
  }

  /// Calls `body` once for each edge whose weight is positive.
  package func forEachEdge(_ body: (_ a: Int, _ b: Int, _ weight: Float) -> Void) {
    for photo in 0..<count {
      for place in 0..<neighbours {
        let (other, cosine) = neighbour(place, of: photo)
        // An edge that both photos have is the later one's.
        guard cosine > 0, other < photo || !has(photo, near: other) else { continue }
        body(photo, other, cosine)
      }
    }
  }

  private func has(_ photo: Int, near other: Int) -> Bool {
    for place in 0..<neighbours where Int(indices[other * neighbours + place]) == photo { return true }
    return false
  }

  /// One step of label propagation (Zhou et al., "Learning with local and global consistency", 2003): `next` becomes `share` times
  /// what flows in over the edges, each weighed by both photos' totals. Both are [count][classes].
  package func spread(_ labels: Elements<Float>, classes: Int, share: Float, into next: Elements<Float>) {
    next.clear()
    forEachEdge { a, b, weight in
      let flow = share * weight / (totals[a] * totals[b])
      for label in 0..<classes {
        next[a * classes + label] = next[a * classes + label] + flow * labels[b * classes + label]
        next[b * classes + label] = next[b * classes + label] + flow * labels[a * classes + label]
      }
    }
  }
}
