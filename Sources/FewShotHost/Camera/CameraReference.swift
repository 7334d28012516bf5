import FewShot
import HostRuntime
public import TinyNN

/// What the channels of an encoder are like on labelled photos, measured photo by photo: what it is aligned to.
public final class CameraReference {
  let run: AlignmentRun
  /// Convolutions that tell how far photos are from each other: the first third.
  let comparedCount: Int
  /// At all convolutions, and of each class at the first `comparedCount`.
  private(set) var all: [ChannelMoments]
  private(set) var classes: [[ChannelMoments]]
  /// Holds the photo that is added.
  private let single: CachedInputs

  /// `original`'s bytes must stay while this object lives.
  public init(_ original: Model, classCount: Int) throws(ModelError) {
    let run = try AlignmentRun(original)
    let compared = min(run.points.count, max(1, run.points.count / 3))
    self.run = run
    comparedCount = compared
    all = run.points.map(run.empty)
    classes = (0..<classCount).map { _ in run.points.prefix(compared).map(run.empty) }
    single = CachedInputs(
      CutCache(count: 1, entryCount: original.tensor(original.input(0)).type.shape.count, map: nil), [0])
  }

  /// The same with photos of a cache; `labels` are their classes, from 0.
  public convenience init(_ original: Model, labelled: CachedInputs, labels: [Int]) throws(ModelError) {
    try self.init(original, classCount: 1 + (labels.max() ?? 0))
    for photo in labelled.places.indices { add(labelled, photo, label: labels[photo]) }
  }

  /// Adds what the network takes for a photo of class `label`, rounded as photos in a cache are.
  public func add(_ input: [Float], label: Int) {
    single.cache.store(input, at: 0)
    add(single, 0, label: label)
  }

  /// Adds a cached photo.
  public func add(_ photos: CachedInputs, _ photo: Int, label: Int) {
    run.add(photos, photo, to: &all, &classes[label])
  }
}
