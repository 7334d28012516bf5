import FewShot
import FewShotHost
import HostRuntime
import TinyNN

/// Labelled photos of which each has been read once; the pixels are not kept.
struct LabelledPhotos {
  struct Photo {
    let label: Int
    let identifier: UInt64
    let path: String
    /// As the encoder gives it.
    var embedding: [Float]
  }

  var names: [String] = []
  var photos: [Photo] = []

  /// Reads every photo once; `body` gets what the network takes for it, its index, and whether it is one of at most `limit` of its
  /// class, evenly spread.
  mutating func read(
    _ classes: ClassFolders, _ reader: PhotoReader, strict: Bool, limit: Int,
    _ body: (_ input: [Float], _ identifier: UInt64, _ index: Int, _ isChosen: Bool) -> Void
  ) throws {
    var progress = Progress("Reading", total: classes.photoCount)
    defer { progress.finish() }
    var done = 0
    for (label, folder) in classes.folders.enumerated() {
      names.append(folder.name)
      var paths: [UInt64: String] = [:]
      let count = folder.photos.count
      for (position, photo) in folder.photos.enumerated() {
        defer {
          done += 1
          progress.update(done: done)
        }
        guard let input = try reader.networkInput(of: photo, strict: strict) else { continue }
        let identifier: UInt64
        do { identifier = try PhotoIdentifier.of(photo) } catch { throw error.failure }
        if let same = paths.updateValue(photo, forKey: identifier) {
          warn("\(photo): the same photo as \(same); counted once")
          continue
        }
        body(input, identifier, photos.count, count <= limit || position * limit / count != (position + 1) * limit / count)
        photos.append(
          Photo(label: label, identifier: identifier, path: photo, embedding: try reader.embedding(ofInput: input, photo: photo)))
      }
      guard !paths.isEmpty else {
        throw Failure(.badData, "class '\(folder.name)' has no photo that can be read; add some or remove its folder")
      }
    }
  }

  func knowledge(dimension: Int) throws -> Knowledge {
    var knowledge = Knowledge(dimension: dimension)
    for (label, name) in names.enumerated() {
      try knowledge.add(
        photos.filter { $0.label == label }.map { LearnedExample(identifier: $0.identifier, embedding: $0.embedding) }, to: name)
    }
    return knowledge
  }
}
