import FewShot
import FewShotHost
import TinyNN

/// Embeds the photos of a dataset, each view once, and keeps the embeddings in the user's cache.
struct EmbeddedPhotos {
  let reader: PhotoReader
  let strict: Bool
  /// Views whose mean embedding is learned from.
  let views: Int

  init(_ reader: PhotoReader, strict: Bool, views: Int) {
    (self.reader, self.strict, self.views) = (reader, strict, views)
  }

  /// The dataset, and the photos of its rows.
  func dataset(_ classes: ClassFolders) throws -> (EmbeddedDataset, photos: [String]) {
    let dimension = reader.encoder.dimension
    let all = classes.folders.flatMap(\.photos)
    let identifiers = all.map { (try? PhotoIdentifier.of($0)) ?? 0 }
    let caches = (0..<views).map { EmbeddingCache(reader.model, identifiers: identifiers, view: $0, dimension: dimension) }
    // [views][photos]; photos that cannot be read are nil.
    var rows: [[[Float]?]] = caches.map { $0.read(count: all.count) ?? [] }
    let missing = rows.indices.filter { rows[$0].isEmpty }
    if !missing.isEmpty {
      try embed(all, missing, to: &rows)
      // Photos that cannot be read are named every time.
      if reader.skipped.isEmpty { for view in missing { caches[view].write(rows[view].compactMap { $0 }) } }
    }
    var dataset = EmbeddedDataset(dimension: dimension)
    var photos: [String] = []
    var index = 0
    for folder in classes.folders {
      var (embeddings, learned): ([[Float]], [[Float]]) = ([], [])
      for photo in folder.photos {
        defer { index += 1 }
        let found = rows.compactMap { $0[index] }
        guard found.count == views else { continue }
        embeddings.append(found[0])
        photos.append(photo)
        if views > 1 { learned.append(PhotoEncoder.mean(found)) }
      }
      dataset.add(folder.name, embeddings, learned: learned)
    }
    return (dataset, photos)
  }

  private func embed(_ photos: [String], _ views: [Int], to rows: inout [[[Float]?]]) throws {
    var progress = Progress("Embedding", total: photos.count)
    defer { progress.finish() }
    for (index, photo) in photos.enumerated() {
      let found = try reader.embeddings(of: photo, views: views, strict: strict)
      for (place, view) in views.enumerated() { rows[view].append(found?[place]) }
      progress.update(done: index + 1)
    }
  }
}
