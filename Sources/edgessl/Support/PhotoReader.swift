import FewShot
import FewShotHost
import Glibc
import HostRuntime
import ImageFiles
import TinyNN

/// Reads photos and embeds them with one encoder, with the errors of the command.
final class PhotoReader {
  let opened: OpenedModel
  let encoder: PhotoEncoder
  let path: String
  /// Photos that could not be read.
  private(set) var skipped: [String] = []

  convenience init(_ runtime: RuntimeOptions, path: String) throws(Failure) {
    try self.init(try runtime.open(path), path: path)
  }

  /// `path` is what errors call the model.
  init(_ opened: OpenedModel, path: String) throws(Failure) {
    self.opened = opened
    self.path = path
    do { encoder = try PhotoEncoder(opened.encoder) } catch { throw Failure(error, photo: nil, encoder: path, of: opened.model) }
  }

  var model: Model { opened.model }

  /// The embedding of a photo as the encoder gives it; "-" is standard input.
  func embedding(of photo: String) throws(Failure) -> [Float] {
    try read(photo) { image throws(PhotoEncoderError) in try encoder.embed(image) }
  }

  /// The embedding of what the network takes for a photo.
  func embedding(ofInput input: [Float], photo: String) throws(Failure) -> [Float] {
    do { return try encoder.embedding(ofInput: input) } catch { throw Failure(error, photo: photo, encoder: path) }
  }

  /// The embeddings of some views of one photo of many, or nil where it cannot be read and `strict` is not set.
  func embeddings(of photo: String, views: [Int], strict: Bool) throws(Failure) -> [[Float]]? {
    try reading(photo, strict: strict) { image throws(PhotoEncoderError) in try encoder.embed(image, views: views) }
  }

  private func read<R>(_ photo: String, _ body: (RGBImage) throws(PhotoEncoderError) -> R) throws(Failure) -> R {
    let image: RGBImage
    do {
      image =
        photo == "-"
        ? try RGBImage(readingFrom: STDIN_FILENO, name: "standard input", options: encoder.decodingOptions)
        : try RGBImage(contentsOf: photo, options: encoder.decodingOptions)
    } catch { throw error.failure }
    do { return try body(image) } catch { throw Failure(error, photo: photo, encoder: path) }
  }

  /// The same for one photo of many: a photo that cannot be read is named in a warning and skipped, or refused if `strict`.
  func embedding(of photo: String, strict: Bool) throws(Failure) -> [Float]? {
    try reading(photo, strict: strict) { image throws(PhotoEncoderError) in try encoder.embed(image) }
  }

  func reading<R>(_ photo: String, strict: Bool, _ body: (RGBImage) throws(PhotoEncoderError) -> R) throws(Failure) -> R? {
    do { return try read(photo, body) } catch {
      guard !strict, error.concernsPhoto else { throw error }
      warn("\(error.message); skipped")
      skipped.append(photo)
      return nil
    }
  }
}

extension Failure {
  fileprivate init(_ error: PhotoEncoderError, photo: String?, encoder: String, of model: Model? = nil) {
    if let model, let reason = model.reasonAgainstPhotos {
      self.init(.badData, "\(encoder): \(reason)")
      return
    }
    switch error {
    case .model(let error): self.init(error, in: encoder)
    case .noPreprocessing:
      self.init(
        .badData,
        "\(encoder): it does not say how photos become its input, which must be RGB; import it again with --mean and --std")
    case .batch(let count):
      self.init(.badData, "\(encoder): it takes \(count) photos at a time; export it with a batch of 1")
    case .preprocessing(let error):
      self.init(.badData, "\(photo ?? encoder): \(error)", concernsPhoto: photo != nil)
    case .notFinite:
      self.init(
        .badData,
        "\(encoder): its embedding of \(photo ?? "a photo") has NaN or infinite values, so its weights are damaged; import it again"
      )
    }
  }
}

extension ImageFileError: FailureConvertible {
  var failure: Failure {
    switch reason {
    case .cannotOpen: Failure(.missingInput, description, concernsPhoto: true)
    case .cannotRead(EISDIR): Failure(.missingInput, description, concernsPhoto: true)
    case .cannotRead: Failure(.inputOutput, description, concernsPhoto: true)
    default: Failure(.badData, description, concernsPhoto: true)
    }
  }
}
