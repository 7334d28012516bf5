import FewShot
import HostRuntime
import TinyNN

/// Errors on photos through five corruptions at five strengths each, where clean photos were learned (Hendrycks, Dietterich,
/// "Benchmarking neural network robustness to common corruptions and perturbations", 2019, without their reference network).
struct CorruptionErrors {
  static let levels = 5
  /// Photos that are asked about, at most: each is embedded 26 times.
  static let photoLimit = 200

  /// Parts of the same photos, as they are, and [corruptions][levels].
  let clean: Double
  let corrupted: [(name: String, errors: [Double])]

  /// Over all corruptions and levels.
  var mean: Double {
    let all = corrupted.flatMap(\.errors)
    return all.reduce(0, +) / Double(max(1, all.count))
  }

  /// - Parameters:
  ///   - dataset: the clean photos; `photos` are those of its rows.
  ///   - split: what is learned from, by class means, and what is asked about.
  ///   - folder: keeps the embeddings for the next time.
  init(
    _ dataset: EmbeddedDataset, _ photos: [String], _ split: StratifiedSplit, _ source: PhotoSource, seed: UInt64,
    cache folder: String?
  ) throws(PhotoError) {
    let asked = split.test.evenlySpread(atMost: CorruptionErrors.photoLimit), labels = asked.map(dataset.className)
    let means = dataset.meanDirections(split.train)
    func error(_ embeddings: [[Float]]) -> Double {
      let wrong = zip(embeddings, labels).count { embedding, label in
        guard !embedding.isEmpty else { return false }
        let cosines = means.map { mean in zip(mean, embedding).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
        return cosines.firstIndex(of: cosines.max()!) != label
      }
      return Double(wrong) / Double(max(1, embeddings.count { !$0.isEmpty }))
    }
    clean = error(asked.map { dataset.embedding($0) })
    let shifts = CameraShift.Part.named.flatMap { named in
      (1...CorruptionErrors.levels).map {
        CameraShift(parts: named.part, strength: Float($0) / Float(CorruptionErrors.levels))
      }
    }
    let rows = try CorruptionErrors.embeddings(asked.map { photos[$0] }, shifts, source, seed: seed, cache: folder)
    corrupted = CameraShift.Part.named.enumerated().map { index, named in
      (named.name, (0..<CorruptionErrors.levels).map { error(rows[index * CorruptionErrors.levels + $0]) })
    }
  }

  /// [shifts][photos][dimension]; empty for a photo that could be read before and cannot any more.
  private static func embeddings(
    _ photos: [String], _ shifts: [CameraShift], _ source: PhotoSource, seed: UInt64, cache folder: String?
  ) throws(PhotoError) -> [[[Float]]] {
    let identifiers = photos.map { (try? PhotoIdentifier.of($0)) ?? 0 } + [seed]
    let caches = shifts.indices.map {
      EmbeddingCache(source.model, in: folder, identifiers: identifiers, view: 1000 + $0, dimension: source.encoder.dimension)
    }
    let kept = caches.compactMap { $0.read(count: photos.count) }
    if kept.count == shifts.count { return kept }
    var rows = shifts.map { _ in [[Float]](repeating: [], count: photos.count) }
    try source.forEach(
      in: [PhotoFolder(name: "", photos: photos)], copies: .all, .embedding,
      extract: { photo, image throws(PhotoEncoderError) in
        let input = try source.encoder.networkInput(image)
        var found: [[Float]] = []
        for shift in shifts {
          found.append(
            try source.encoder.embedding(ofInput: shift.apply(input, source.encoder.preprocessing, row: photo.index, seed: seed)))
        }
        return found
      }
    ) { photo, found in
      for (index, embedding) in found.enumerated() { rows[index][photo.index] = embedding }
    }
    if !rows[0].contains([]) { for (cache, rows) in zip(caches, rows) { cache.write(rows) } }
    return rows
  }
}

extension EmbeddedDataset {
  /// One row, of length 1.
  func embedding(_ row: Int) -> [Float] { withEmbeddings { embeddings in (0..<dimension).map { embeddings[row][$0] } } }

  /// The mean of each group of rows, of length 1.
  func meanDirections(_ groups: [[Int]]) -> [[Float]] {
    groups.map { rows in
      var mean = [Float](repeating: 0, count: dimension)
      for row in rows {
        for (index, value) in embedding(row).enumerated() { mean[index] += value / Float(rows.count) }
      }
      return mean.normalized().values
    }
  }
}
