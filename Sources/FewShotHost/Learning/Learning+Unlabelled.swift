import FewShot
import HostRuntime
import TinyNN

extension Learning {
  /// Embeddings of photos without labels for the task to keep, as many as the plan says, evenly spread over all; those that tell
  /// nothing and near copies are left out.
  /// - Parameter adapted: the encoder of the task; nil: the source's.
  /// - Returns: nil where none tells anything.
  func embedUnlabelled(by adapted: AdaptedEncoder?) throws -> UnlabelledPhotos? {
    guard plan.keptPhotos > 0, !unlabelled.isEmpty else { return nil }
    let encoder =
      try adapted.map {
        source.encoder.runner.releaseMemory()
        return try PhotoEncoder(ModelRunner(memory: $0.memory, threads: source.encoder.runner.plan.threads))
      } ?? source.encoder
    // What cannot be read or tells nothing was reported when the photos were read for the camera.
    let again = PhotoSource(encoder) { [observer] event in if case .progress = event { observer(event) } }
    var found = UnlabelledPhotos(dimension: encoder.dimension)
    try again.forEachTelling(unlabelled.evenlySpread(atMost: plan.keptPhotos), .embedding) { photo, input throws(PhotoError) in
      let identifier: UInt64
      do throws(FileError) { identifier = try PhotoIdentifier.of(photo.path) } catch { throw .file(error) }
      found.add(try again.embedding(ofInput: input, photo), identifier: identifier)
    }
    return found.isEmpty ? nil : found
  }
}
