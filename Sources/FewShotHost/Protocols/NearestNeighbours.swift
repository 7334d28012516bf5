import FewShot

/// What the photos nearest by cosine are: classification by k nearest neighbours, and retrieval.
struct NearestNeighbours {
  let embeddings: EmbeddingMatrix
  /// The class of each row.
  let labels: [Int]

  /// The rows of `gallery` but `row` itself, the nearest first; of two as near, the one that comes first.
  func ranked(_ row: Int, in gallery: [Int]) -> [Int] {
    let cosines = gallery.map { embeddings[row].dot(embeddings[$0]) }
    return gallery.indices.filter { gallery[$0] != row }.sorted { a, b in
      cosines[a] == cosines[b] ? a < b : cosines[a] > cosines[b]
    }.map { gallery[$0] }
  }

  /// The parts of `queries` whose k nearest rows of `gallery` are most often of their class, for each k. Of classes named as often
  /// the first one is taken, as scikit-learn's KNeighborsClassifier does.
  func accuracies(_ queries: [Int], in gallery: [Int], ks: [Int]) -> [Double] {
    let classes = (labels.max() ?? 0) + 1
    var right = [Int](repeating: 0, count: ks.count)
    for query in queries {
      let nearest = ranked(query, in: gallery)
      for (index, k) in ks.enumerated() {
        var votes = [Int](repeating: 0, count: classes)
        for row in nearest.prefix(k) { votes[labels[row]] += 1 }
        right[index] += votes.firstIndex(of: votes.max()!) == labels[query] ? 1 : 0
      }
    }
    return right.map { Double($0) / Double(max(1, queries.count)) }
  }

  struct Retrieval {
    /// Over the queries whose class has another photo.
    var meanAveragePrecision = 0.0
    /// The mean part of the first k that is of the query's class.
    var precisions: [Double]
    var queries = 0
  }

  /// Every row is asked for all others (Manning, Raghavan, Schütze, "Introduction to information retrieval", 2008, 8.4).
  func retrieval(ks: [Int]) -> Retrieval {
    var result = Retrieval(precisions: [Double](repeating: 0, count: ks.count))
    let all = Array(labels.indices)
    for query in all {
      let isRight = ranked(query, in: all).map { labels[$0] == labels[query] }
      let relevant = isRight.count { $0 }
      guard relevant > 0 else { continue }
      var (found, sum) = (0, 0.0)
      for (rank, right) in isRight.enumerated() where right {
        found += 1
        sum += Double(found) / Double(rank + 1)
      }
      result.queries += 1
      result.meanAveragePrecision += sum / Double(relevant)
      for (index, k) in ks.enumerated() { result.precisions[index] += Double(isRight.prefix(k).count { $0 }) / Double(k) }
    }
    let count = Double(max(1, result.queries))
    result.meanAveragePrecision /= count
    result.precisions = result.precisions.map { $0 / count }
    return result
  }
}
