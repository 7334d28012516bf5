import Glibc
public import HostRuntime
public import ImageFiles
public import TinyNN

/// Why a photo was not taken.
public enum PhotoError: Error, Sendable {
  /// The entry of a folder is no file that could be read.
  case entry(EntryFault, photo: String)
  /// The file is not a photo that can be read.
  case unreadable(ImageFileError)
  /// The file could be decoded, but not read once more for its identifier.
  case file(FileError)
  /// The encoder cannot embed the photo.
  case encoder(PhotoEncoderError, photo: String)

  /// True for what is wrong with one photo and not with the next.
  public var concernsPhoto: Bool {
    switch self {
    case .entry, .unreadable, .encoder(.preprocessing, _): true
    case .file, .encoder: false
    }
  }
}

/// A photo of several that are read one after the other.
public struct SourcePhoto: Sendable {
  public let path: String
  /// The place of its folder among those that are read.
  public let label: Int
  /// Its places among the files of all folders and of its own, counting those that are left out.
  public let index: Int
  public let position: Int
  /// `PhotoIdentifier` of the file's bytes; 0 where all copies are taken.
  public let identifier: UInt64
}

/// Which files with the same bytes are taken.
public enum PhotoCopies: Sendable {
  /// The first of each folder, as for learning: a copy teaches nothing.
  case once
  /// All of them, as for measuring: the folder is the data set.
  case all
}

/// Photos for one encoder: the one way in which several are read.
///
/// A photo that cannot be read, or that the encoder's preprocessing refuses, is reported and left out, or ends the reading where
/// `isStrict`. Copies are reported and left out where they count once. Each photo is reported once, however often its folder is
/// read. Progress is reported after each file.
public final class PhotoSource {
  public let encoder: PhotoEncoder
  public let isStrict: Bool
  /// Photos that were left out because they cannot be read, in the order in which they were met.
  public private(set) var skipped: [String] = []
  public let observer: WorkObserver
  private var reported: Set<String> = []

  public init(_ encoder: PhotoEncoder, isStrict: Bool = false, observer: @escaping WorkObserver = { _ in }) {
    self.encoder = encoder
    self.isStrict = isStrict
    self.observer = observer
  }

  public var model: Model { encoder.runner.model }

  /// What `body` makes of one photo; "-" is standard input.
  public func read<Result>(
    _ path: String, _ body: (RGBImage) throws(PhotoEncoderError) -> Result
  ) throws(PhotoError) -> Result {
    try embed(path, try decoded(path), body)
  }

  /// The embedding of one photo as the encoder gives it; "-" is standard input.
  public func embedding(of path: String) throws(PhotoError) -> [Float] {
    try read(path) { image throws(PhotoEncoderError) in try encoder.embed(image) }
  }

  /// The embedding of what the network takes for `photo`, as the encoder gives it.
  func embedding(ofInput input: [Float], _ photo: SourcePhoto) throws(PhotoError) -> [Float] {
    do { return try encoder.embedding(ofInput: input) } catch { throw .encoder(error, photo: photo.path) }
  }

  /// Calls `body` with every photo of the folders that is taken, in their order, and what `extract` makes of it.
  public func forEach<Result>(
    in folders: [PhotoFolder], copies: PhotoCopies, _ activity: WorkEvent.Activity,
    extract: (SourcePhoto, RGBImage) throws(PhotoEncoderError) -> Result, _ body: (SourcePhoto, Result) throws(PhotoError) -> Void
  ) throws(PhotoError) {
    let total = folders.reduce(0) { $0 + $1.photos.count }
    var index = 0
    for (label, folder) in folders.enumerated() {
      var originals: [UInt64: String] = [:]
      for (position, path) in folder.photos.enumerated() {
        let place = SourcePhoto(path: path, label: label, index: index, position: position, identifier: 0)
        try take(place, copies, &originals, extract, body)
        index += 1
        observer(.progress(activity, done: index, total: total))
      }
    }
  }

  /// Reports what was left out, each photo once.
  func report(_ found: TellingPhotos) {
    let empty = found.empty.filter { reported.insert($0).inserted }
    let copies = found.copies.filter { reported.insert($0.photo).inserted }
    if !empty.isEmpty { observer(.withoutContent(photos: empty, of: found.offered)) }
    if !copies.isEmpty { observer(.copies(copies, of: found.offered)) }
  }

  private func take<Result>(
    _ place: SourcePhoto, _ copies: PhotoCopies, _ originals: inout [UInt64: String],
    _ extract: (SourcePhoto, RGBImage) throws(PhotoEncoderError) -> Result, _ body: (SourcePhoto, Result) throws(PhotoError) -> Void
  ) throws(PhotoError) {
    let path = place.path
    let image: RGBImage, result: Result
    var identifier: UInt64 = 0
    do throws(PhotoError) {
      if let fault = EntryFault(of: path) { throw PhotoError.entry(fault, photo: path) }
      image = try decoded(path)
      if copies == .once {
        do { identifier = try PhotoIdentifier.of(path) } catch { throw PhotoError.file(error) }
        if let original = originals[identifier] {
          if reported.insert(path).inserted { observer(.copy(photo: path, original: original)) }
          return
        }
      }
      result = try embed(path, image) { image throws(PhotoEncoderError) in try extract(place, image) }
    } catch {
      guard !isStrict, error.concernsPhoto else { throw error }
      if reported.insert(path).inserted {
        skipped.append(path)
        observer(.skipped(photo: path, error))
      }
      return
    }
    originals[identifier] = path
    try body(
      SourcePhoto(path: path, label: place.label, index: place.index, position: place.position, identifier: identifier), result)
  }

  private func decoded(_ path: String) throws(PhotoError) -> RGBImage {
    do {
      return path == "-"
        ? try RGBImage(readingFrom: STDIN_FILENO, name: "standard input", options: encoder.decodingOptions)
        : try RGBImage(contentsOf: path, options: encoder.decodingOptions)
    } catch { throw .unreadable(error) }
  }

  private func embed<Result>(
    _ path: String, _ image: RGBImage, _ body: (RGBImage) throws(PhotoEncoderError) -> Result
  ) throws(PhotoError) -> Result {
    do { return try body(image) } catch { throw .encoder(error, photo: path) }
  }
}

extension Array {
  /// At most `limit` of the elements, evenly spread.
  public func evenlySpread(atMost limit: Int) -> [Element] {
    guard count > limit else { return self }
    return (0..<limit).map { self[$0 * count / limit] }
  }
}
