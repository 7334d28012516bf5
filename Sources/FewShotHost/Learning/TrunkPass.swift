import FewShot
import TinyNN

/// Photos on their way through the trunk into the cut cache.
final class TrunkPass {
  let plan: AdaptationPlan
  let cache: CutCache
  /// Indices of the labelled photos that train, in the order in which they came.
  private(set) var chosen: [Int] = []
  private(set) var photos: [CachedPhoto] = []
  /// First places and identifiers of the photos without labels.
  private(set) var unlabelled: [(place: Int, identifier: UInt64)] = []
  private var runner: TrunkRunner?

  init(_ encoder: PhotoEncoder, _ plan: AdaptationPlan) {
    self.plan = plan
    cache = CutCache(
      count: plan.photos * plan.placesPerPhoto, entryCount: plan.training.cutCount,
      map: encoder.runner.model.tensor(plan.cutTensor).quantization)
    runner = TrunkRunner(encoder, plan, cutTensor: plan.cutTensor)
  }

  private var nextPlace: Int { (chosen.count + unlabelled.count) * plan.placesPerPhoto }
  private var hasRoom: Bool { chosen.count + unlabelled.count < plan.photos }

  /// Whether the file at `position` of `count` is one of an evenly spread part that trains.
  func isChosen(_ position: Int, of count: Int) -> Bool {
    let limit = plan.options.photosPerClass
    return hasRoom && (count <= limit || position * limit / count != (position + 1) * limit / count)
  }

  /// Whether one more photo of a class that has `count` already trains.
  func isChosen(_ count: Int) -> Bool { hasRoom && count < plan.options.photosPerClass }

  /// Frees what reading took; the cache stays.
  func finishReading() { runner = nil }

  func add(_ input: [Float], _ photo: LearnedPhoto, at index: Int) {
    photos.append(CachedPhoto(label: photo.label, first: nextPlace))
    runner?.add(input, identifier: photo.identifier, to: cache, at: nextPlace)
    chosen.append(index)
  }

  func addUnlabelled(_ input: [Float], identifier: UInt64) {
    guard hasRoom else { return }
    runner?.add(input, identifier: identifier, to: cache, at: nextPlace)
    unlabelled.append((nextPlace, identifier))
  }
}
