import FewShot
import HostRuntime
import TinyNN

extension EmbeddedDataset {
  /// Embeds the photos of a data set, every file of it, each view once.
  /// - Parameters:
  ///   - classes: at least one.
  ///   - source: reads and embeds the photos.
  ///   - views: views of a photo whose mean embedding is learned from; the photo as it is is classified.
  ///   - folder: the cache, a folder that keeps the embeddings for the next time; nil keeps nothing.
  /// - Returns: the data set, and the photos of its rows.
  public static func reading(
    _ classes: [PhotoFolder], _ source: PhotoSource, views: Int = 1, cache folder: String? = nil
  ) throws(PhotoError) -> (dataset: EmbeddedDataset, photos: [String]) {
    let dimension = source.encoder.dimension, all = classes.flatMap(\.photos)
    let identifiers = all.map { (try? PhotoIdentifier.of($0)) ?? 0 }
    let caches = (0..<views).map {
      EmbeddingCache(source.model, in: folder, identifiers: identifiers, view: $0, dimension: dimension)
    }
    // [views][photos]; photos that cannot be read are nil.
    var rows: [[[Float]?]] = caches.map { $0.read(count: all.count) ?? [] }
    let missing = rows.indices.filter { rows[$0].isEmpty }
    if !missing.isEmpty {
      for view in missing { rows[view] = [[Float]?](repeating: nil, count: all.count) }
      try source.forEach(
        in: classes, copies: .all, .embedding,
        extract: { _, image throws(PhotoEncoderError) in try source.encoder.embed(image, views: missing) }
      ) { photo, found in
        for (place, view) in missing.enumerated() { rows[view][photo.index] = found[place] }
      }
      // Photos that cannot be read are named every time.
      if source.skipped.isEmpty { for view in missing { caches[view].write(rows[view].compactMap { $0 }) } }
    }
    return dataset(classes, rows, dimension: dimension)
  }

  /// The photos of which all views are there.
  private static func dataset(
    _ classes: [PhotoFolder], _ rows: [[[Float]?]], dimension: Int
  ) -> (dataset: EmbeddedDataset, photos: [String]) {
    var dataset = EmbeddedDataset(dimension: dimension, photos: rows[0].count, isLearnedOtherwise: rows.count > 1)
    var photos: [String] = []
    var index = 0
    for folder in classes {
      var embeddings: [[Float]] = []
      var learned: [[Float]] = []
      for photo in folder.photos {
        defer { index += 1 }
        let found = rows.compactMap { $0[index] }
        guard found.count == rows.count else { continue }
        embeddings.append(found[0])
        photos.append(photo)
        if rows.count > 1 { learned.append(PhotoEncoder.mean(found)) }
      }
      dataset.add(folder.name, embeddings, learned: learned)
    }
    return (dataset, photos)
  }
}
