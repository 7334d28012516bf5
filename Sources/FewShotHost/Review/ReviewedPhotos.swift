import FewShot
import HostRuntime
import TinyNN

/// Labelled photos that are looked through for what is wrong with them.
public struct ReviewedPhotos: Sendable {
  public struct Photo: Sendable {
    /// Of the file; for a photo that only its task knows, the identifier as text.
    public let name: String
    public let label: Int
    public let identifier: UInt64
  }

  public private(set) var classNames: [String]
  /// In the order of the classes, each photo of a class once.
  public private(set) var photos: [Photo] = []
  /// Photos that are there more than once, or nearly so.
  public private(set) var copies: [LabelledCopy] = []
  /// Photos without content.
  public private(set) var empty: [String] = []
  public private(set) var skipped: [String] = []
  private(set) var embeddings: [LearnedExample] = []

  /// Reads folders of classes.
  public init(_ folders: [PhotoFolder], _ source: PhotoSource) throws(PhotoError) {
    classNames = folders.map(\.name)
    let encoder = source.encoder
    var known = KnownContents(), found: [String: (label: Int, identifier: UInt64)] = [:]
    try source.forEach(
      in: folders, copies: .all, .embedding,
      extract: { _, image throws(PhotoEncoderError) in try encoder.networkInput(image) }
    ) { photo, input throws(PhotoError) in
      let content = PhotoContent(input, encoder.preprocessing)
      guard content.isThere else { return empty.append(photo.path) }
      let identifier = (try? PhotoIdentifier.of(photo.path)) ?? 0
      if let original = known.original(of: photo.path, content), let first = found[original] {
        copies.append(
          LabelledCopy(
            photo: photo.path, label: photo.label, original: original, originalLabel: first.label,
            isSameFile: identifier == first.identifier))
        if first.label == photo.label { return }
      }
      found[photo.path] = (photo.label, identifier)
      photos.append(Photo(name: photo.path, label: photo.label, identifier: identifier))
      embeddings.append(
        LearnedExample(identifier: identifier, embedding: try source.embedding(ofInput: input, photo)))
    }
    skipped = source.skipped
  }

  /// What a task learned from.
  /// - Parameter names: of photos by their identifiers, where their files are at hand.
  public init(_ knowledge: Knowledge, names: [UInt64: String] = [:]) {
    classNames = knowledge.classes.map(\.name)
    var known: [UInt64: Int] = [:]
    for (label, learned) in knowledge.classes.enumerated() {
      for example in learned.examples {
        let name = names[example.identifier] ?? PhotoIdentifier.text(example.identifier)
        // A task has the same file once in each class.
        if let place = known[example.identifier] {
          copies.append(
            LabelledCopy(
              photo: name, label: label, original: photos[place].name, originalLabel: photos[place].label, isSameFile: true))
        } else {
          known[example.identifier] = photos.count
        }
        photos.append(Photo(name: name, label: label, identifier: example.identifier))
        embeddings.append(example)
      }
    }
  }

  /// Places of the photos of each class.
  var places: [[Int]] {
    var places = [[Int]](repeating: [], count: classNames.count)
    for (place, photo) in photos.enumerated() { places[photo.label].append(place) }
    return places
  }
}

/// A photo that is the same as another one, or looks so.
public struct LabelledCopy: Equatable, Sendable {
  public let photo: String
  public let label: Int
  public let original: String
  public let originalLabel: Int
  /// True where the bytes are the same.
  public let isSameFile: Bool
}
