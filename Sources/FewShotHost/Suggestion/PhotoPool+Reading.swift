import FewShot
import HostRuntime
import TinyNN

extension PhotoPool {
  /// Reads photos without labels: those without content, and copies, are left out and told.
  /// - Parameters:
  ///   - folder: where the embeddings are kept meanwhile; on a disk.
  /// - Throws: `PhotoError`, or `FileError` where there is no room for them.
  public static func reading(_ photos: [String], _ source: PhotoSource, in folder: String) throws -> PhotoPool {
    let pool = try PhotoPool(capacity: photos.count, labelled: [], dimension: source.encoder.dimension, in: folder)
    try pool.read(photos, source) { _ in nil }
    return pool
  }

  /// Reads photos for a task: those that it learned from are left out, and count as labelled.
  /// - Throws: `PhotoError`, `FileError`, or `ModelError` where the task is damaged.
  public static func reading(
    _ photos: [String], _ task: Classifier, in folder: String, isStrict: Bool = false, observer: @escaping WorkObserver = { _ in }
  ) throws -> PhotoPool {
    guard let knowledge = try TaskFile(reading: task.model)?.knowledge else { throw ClassifierError.noClasses }
    let learned = knowledge.classes.flatMap(\.examples), known = Set(learned.map(\.identifier))
    return try task.withSession { session in
      let pool = try PhotoPool(capacity: photos.count, labelled: learned, dimension: session.encoder.dimension, in: folder)
      let new = photos.filter { photo in
        guard let identifier = try? PhotoIdentifier.of(photo), known.contains(identifier) else { return true }
        pool.countLabelled()
        return false
      }
      try pool.read(new, PhotoSource(session.encoder, isStrict: isStrict, observer: observer)) {
        Doubt(session.classify($0), names: task.names)
      }
      return pool
    }
  }

  private func read(
    _ paths: [String], _ source: PhotoSource, doubt: ([Float]) -> Doubt?
  ) throws(PhotoError) {
    var found = TellingPhotos(offered: paths.count)
    let encoder = source.encoder
    try source.forEach(
      in: [PhotoFolder(name: "", photos: paths)], copies: .all, .embedding,
      extract: { _, image throws(PhotoEncoderError) in try encoder.networkInput(image) }
    ) { photo, input throws(PhotoError) in
      let content = PhotoContent(input, encoder.preprocessing)
      guard content.isThere else { return found.empty.append(photo.path) }
      if let original = original(of: content) {
        return found.copies.append(PhotoCopy(photo: photo.path, original: original))
      }
      let embedding = try source.embedding(ofInput: input, photo)
      add(photo.path, embedding, doubt: doubt(embedding))
      found.taken += 1
    }
    skipped = source.skipped
    source.report(found)
    (empty, copies) = (found.empty.count, found.copies.count)
  }
}

extension Doubt {
  fileprivate init(_ answer: Classification, names: [String]) {
    let second = answer.ranking.count > 1 ? answer.ranking[1] : (label: "", confidence: 0)
    first = answer.prediction.label
    self.second = names.firstIndex { isSameName($0, second.label) } ?? first
    margin = answer.confidence - second.confidence
    isUnknown = answer.isUnknown
  }
}

extension PhotoPool {
  /// The photos of the pool that are most worth a label, the most useful first. The same seed chooses the same photos.
  public func suggest(_ count: Int, order: PhotoSelection.Order = .typical, seed: UInt64 = 0) -> [Suggestion] {
    let choices = PhotoSelection(points(), photoCount: photos.count, seed: seed)
      .choose(count, order: order, doubts: doubts.map(\.amount))
    return choices.map { Suggestion(photo: photos[$0.row], choice: $0, doubt: doubts.isEmpty ? nil : doubts[$0.row]) }
  }
}

/// A photo that is worth a label.
public struct Suggestion: Equatable, Sendable {
  public let photo: String
  public let choice: PhotoSelection.Choice
  /// How unsure the task is of it; nil without a task.
  public let doubt: Doubt?
}

extension Suggestion {
  /// Why, in words.
  /// - Parameter names: of the task's classes; none without a task.
  public func reason(_ names: [String]) -> String {
    let group =
      choice.clusterSize == 1
      ? "unlike all others"
      : "typical of \(choice.clusterSize) photos alike, \(choice.labelled == 0 ? "none" : "\(choice.labelled)") of them labelled"
    guard let doubt else { return group }
    if doubt.isUnknown { return "\(group); unknown to the task" }
    if doubt.margin < 0.5 { return "\(group); the task is unsure: \(names[doubt.first]) or \(names[doubt.second])" }
    return "\(group); the task says \(names[doubt.first])"
  }
}
