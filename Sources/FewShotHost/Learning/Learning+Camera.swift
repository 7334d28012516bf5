import FewShot
import HostRuntime
import TinyNN

/// What photos without labels did for the encoder.
public struct CameraOutcome {
  /// Photos that were read.
  public let photos: Int
  /// As in `CameraAlignment`.
  public let shift: Double
  public let classShift: Double
  public let isAligned: Bool
  /// The aligned encoder, until the task is made of it.
  var file: AlignedMemory?

  init(_ alignment: CameraAlignment, photos: Int) {
    self.photos = photos
    shift = alignment.shift
    classShift = alignment.classShift
    isAligned = alignment.isAligned
    file = isAligned ? alignment.file : nil
  }
}

extension Learning {
  /// Measures how far the device's photos are from the labelled ones for `encoder`, and aligns it. Labelled photos are read once
  /// more, one at a time; those without labels are kept as int8, as many as the plan says.
  func align(_ encoder: Model) throws -> CameraOutcome {
    let reference = try CameraReference(encoder, classCount: names.count)
    let network = source.encoder,
      classes = names.indices.map { label in
        PhotoFolder(name: names[label], photos: photos.filter { $0.label == label }.map(\.path))
      }
    try source.forEach(
      in: classes, copies: .once, .reading,
      extract: { _, image throws(PhotoEncoderError) in try network.networkInput(image) }
    ) { photo, input in reference.add(input, label: photo.label) }
    let offered = unlabelled.evenlySpread(atMost: plan.alignedPhotos)
    let cache = CutCache(count: offered.count, entryCount: network.preprocessing.outputCount, map: nil)
    var count = 0
    try source.forEach(
      in: [PhotoFolder(name: "", photos: offered)], copies: .once, .readingUnlabelled,
      extract: { _, image throws(PhotoEncoderError) in try network.networkInput(image) }
    ) { _, input in
      cache.store(input, at: count)
      count += 1
    }
    guard count > 0 else { throw LearningError.noUnlabelledPhotos(files: offered.count) }
    network.runner.releaseMemory()
    let alignment = CameraAlignment(reference, unlabelled: CachedInputs(cache, Array(0..<count))) { [observer] done, total in
      observer(.progress(.aligning, done: done, total: total))
    }
    return CameraOutcome(alignment, photos: count)
  }
}
