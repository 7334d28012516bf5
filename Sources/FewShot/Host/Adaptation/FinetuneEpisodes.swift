import TinyNN

/// Few-shot episodes in which the tail is trained, beside the prototypes of the same episodes without training.
public struct FinetuneResult: Sendable {
  public internal(set) var adapted: [Double] = []
  public internal(set) var frozen: [Double] = []
  /// Episodes in which the gate took the trained tail.
  public internal(set) var takenCount = 0
  /// Episodes in which it was trained with rotation.
  public internal(set) var rotatedCount = 0

  public var accuracy: EpisodeResult { EpisodeResult(accuracies: adapted) }
  public var frozenAccuracy: EpisodeResult { EpisodeResult(accuracies: frozen) }
  /// Paired: adapted minus frozen, episode by episode.
  public var gain: EpisodeResult { EpisodeResult(accuracies: zip(adapted, frozen).map { $0 - $1 }) }
}

extension Episodes {
  /// Learns and classifies every episode with a trained tail. Row r of the dataset is the photo whose cached tensors start at
  /// r times `TrunkRunner.places`.
  /// - Parameters:
  ///   - gated: keeps the untrained tail where held-out photos say that training does not help.
  ///   - unlabelled: other photos of the episode's classes for the rotation objective.
  public func runFinetune(_ adapter: TailAdapter, gated: Bool, unlabelled: UnlabelledDraw? = nil, progress: (Int) -> Void = { _ in }) -> FinetuneResult {
    var result = FinetuneResult()
    let places = TrunkRunner.places(adapter.plan.options)
    let plain = run()
    for episode in 0..<options.episodes {
      let draw = draw(episode)
      let photos = draw.support.enumerated().map { CachedPhoto(label: $0.offset / options.shots, first: $0.element * places) }
      let seed = options.seed &* 1_000_003 &+ UInt64(episode)
      adapter.restart()
      let extra = unlabelled.map { self.unlabelled(draw, $0).map { $0 * places } } ?? []
      let gate = gated ? AdaptationGate(adapter, photos, classCount: options.ways, unlabelled: extra, seed: seed) : nil
      result.frozen.append(plain.accuracies[episode])
      if gate?.takesTrained ?? true {
        let candidate = gate?.winner?.candidate ?? adapter.plan.options.candidates[0]
        adapter.restart()
        adapter.train(photos, classCount: options.ways, unlabelled: extra, seed: seed, as: candidate)
        if candidate.rotates { result.rotatedCount += 1 }
        let prototypes = adapter.prototypes(photos, classCount: options.ways)
        let queries = adapter.embeddings(draw.queries.map { $0.row * places })
        let right = NearestPrototype.rightCount(queries, draw.queries.map(\.label), prototypes, dimension: dataset.dimension)
        result.adapted.append(100 * Double(right) / Double(draw.queries.count))
        result.takenCount += 1
      } else {
        result.adapted.append(plain.accuracies[episode])
      }
      progress(episode + 1)
    }
    return result
  }
}

enum NearestPrototype {
  static func rightCount(_ rows: [Float], _ labels: [Int], _ prototypes: [Float], dimension: Int) -> Int {
    var right = 0
    eachRow(rows, prototypes, dimension) { row, classifier, embedding in
      if classifier.nearest(to: embedding).label == labels[row] { right += 1 }
    }
    return right
  }

  static func eachRow(_ rows: [Float], _ prototypes: [Float], _ dimension: Int, _ body: (Int, CosineClassifier, Embedding) -> Void) {
    rows.withUnsafeBufferPointer { rows in
      prototypes.withUnsafeBufferPointer { prototypes in
        let classifier = CosineClassifier(
          prototypes: EmbeddingMatrix(prototypes.baseAddress!, count: prototypes.count / dimension, dimension: dimension), scale: 10, threshold: -1)
        let all = EmbeddingMatrix(rows.baseAddress!, count: rows.count / dimension, dimension: dimension)
        for row in 0..<all.count { body(row, classifier, all[row]) }
      }
    }
  }
}
