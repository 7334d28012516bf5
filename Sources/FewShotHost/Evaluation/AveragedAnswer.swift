import FewShot
import HostRuntime
import TinyNN

/// The mean of two opinions on an episode's queries: what a head on the encoder as it is says, and what the prototypes of a
/// trained tail say.
struct AveragedAnswer {
  private let labels: [Int]
  private let ways: Int
  /// [queries][ways]
  private let frozen: [Float]
  private var sum: [Float]

  init(_ episodes: Episodes, _ draw: Episodes.Draw, _ head: LearnedHead) {
    labels = draw.queries.map(\.label)
    ways = episodes.options.ways
    let classifier = HeadClassifier(head), ways = ways
    var frozen: [Float] = []
    episodes.dataset.withEmbeddings { embeddings in
      for query in draw.queries {
        _ = classifier.classify(embeddings[query.row], length: episodes.dataset.lengths[query.row])
        for label in 0..<ways { frozen.append(classifier.confidences[label]) }
      }
    }
    self.frozen = frozen
    sum = frozen
  }

  /// Adds the softmax of `scale` times the cosines of the queries' rows to the prototypes.
  mutating func add(_ queries: [Float], _ prototypes: [Float], scale: Float) {
    let trained = AlignedMemory(byteCount: 4 * ways)
    NearestPrototype.eachRow(queries, prototypes, prototypes.count / ways) { row, classifier, embedding in
      for label in 0..<ways { trained.floats[label] = embedding.dot(classifier.prototypes[label]) }
      trained.floats.softmax(scale: scale, ways)
      for label in 0..<ways { sum[row * ways + label] += trained.floats[label] }
    }
  }

  var frozenAccuracy: Double { accuracy(of: frozen) }
  var accuracy: Double { accuracy(of: sum) }

  private func accuracy(of values: [Float]) -> Double {
    let right = labels.indices.count { query in
      let row = values[query * ways..<(query + 1) * ways]
      return row.firstIndex(of: row.max()!) == row.startIndex + labels[query]
    }
    return 100 * Double(right) / Double(labels.count)
  }
}
