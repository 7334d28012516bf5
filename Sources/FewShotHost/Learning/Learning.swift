import FewShot
import HostRuntime
import ImageFiles
import TinyNN

/// Learns classes from photos: add them one by one or by folders, then finish.
///
///     let learning = Learning(encoder, try LearningPlan(encoder, for: LearningMaterial(folders)))
///     try learning.add(folders)
///     try learning.finish().write(to: "task.tnn")
///
/// The memory that it takes is its plan's. Each photo is read once, and only what learns is kept of it; an encoder that was changed
/// reads them once more. What happens meanwhile is told to the source's observer.
public final class Learning {
  public let plan: LearningPlan
  public let source: PhotoSource
  /// Names of the classes, in the order in which they came.
  public private(set) var names: [String] = []
  /// Photos that were taken, each of a class once.
  private(set) var photos: [LearnedPhoto] = []
  /// Photos without labels: those that align the encoder, and how many were offered.
  private(set) var unlabelled: [String] = []
  /// What goes through the trunk; nil where the encoder stays as it is, and once the training is done.
  var trunk: TrunkPass?

  /// - Parameters:
  ///   - source: reads the photos for the encoder that learns, which nobody else uses meanwhile.
  ///   - plan: for this encoder and at least as many photos.
  public init(_ source: PhotoSource, _ plan: LearningPlan) {
    self.source = source
    self.plan = plan
    trunk = plan.tail.map { TrunkPass(source.encoder, $0) }
  }

  public convenience init(_ encoder: PhotoEncoder, _ plan: LearningPlan) { self.init(PhotoSource(encoder), plan) }

  var observer: WorkObserver { source.observer }

  /// Adds the photos of several classes; those of a class that is there already are added to it.
  /// - Throws: `PhotoError`, or `LearningError.noPhotos` where none of a class can be read.
  public func add(_ classes: [PhotoFolder]) throws {
    let labels = classes.map { label(of: $0.name) }
    let before = photos.count
    try source.forEach(
      in: classes, copies: .once, trunk == nil ? .learning : .reading,
      extract: { photo, image throws(PhotoEncoderError) in
        try embed(image, views: plan.options.views ?? View.averagedCount(photos: classes[photo.label].photos.count))
      }
    ) { photo, found in
      let count = classes[photo.label].photos.count
      let own = LearnedPhoto(
        label: labels[photo.label], identifier: photo.identifier, path: photo.path, embedding: found.embedding)
      take(own, found.input) { trunk in trunk.isChosen(photo.position, of: count) }
    }
    for (name, label) in zip(classes.map(\.name), labels) where !photos[before...].contains(where: { $0.label == label }) {
      throw LearningError.noPhotos(className: name)
    }
  }

  /// Adds a photo to a class, which is made if it is not there. A copy of a photo that the class has is reported and left out.
  /// - Throws: `PhotoError` where the photo cannot be read.
  public func add(_ photo: String, to name: String) throws {
    let label = label(of: name), fewest = plan.material.photosPerClass.min() ?? 1
    let found = try source.read(photo) { image throws(PhotoEncoderError) in
      try embed(image, views: plan.options.views ?? View.averagedCount(photos: fewest))
    }
    let own = LearnedPhoto(label: label, identifier: try PhotoIdentifier.of(photo), path: photo, embedding: found.embedding)
    let known = photos.filter { $0.label == label }
    if let same = known.first(where: { $0.identifier == own.identifier }) {
      return observer(.copy(photo: photo, original: same.path))
    }
    take(own, found.input) { trunk in trunk.isChosen(known.count) }
  }

  /// Adds photos without labels that the device's camera took: the encoder is aligned with it where they differ from the labelled
  /// ones, and objectives that take them train on them. Of many, an evenly spread part is read; those that tell nothing are left
  /// out (`PhotoSource.forEachTelling`).
  /// - Throws: `PhotoError`, or `LearningError.noUnlabelledPhotos` where none of them can be read.
  public func addUnlabelled(_ photos: [String]) throws {
    unlabelled += photos
    guard let trunk, trunk.plan.options.takesUnlabelled else { return }
    let chosen = photos.evenlySpread(atMost: LearningMaterial.unlabelledLimit)
    let telling = try source.forEachTelling(chosen, .readingUnlabelled) { photo, input throws(PhotoError) in
      let identifier: UInt64
      do throws(FileError) { identifier = try PhotoIdentifier.of(photo.path) } catch { throw PhotoError.file(error) }
      trunk.addUnlabelled(input, identifier: identifier)
    }
    guard telling.readable > 0 else { throw LearningError.noUnlabelledPhotos(files: chosen.count) }
  }

  /// Views of each photo of a class with so many whose mean embedding is learned by an encoder that was changed.
  func views(of count: Int) -> Int { plan.tail == nil ? plan.options.views ?? View.averagedCount(photos: count) : 1 }

  private func label(of name: String) -> Int {
    if let known = names.firstIndex(where: { isSameName($0, name) }) { return known }
    names.append(name)
    return names.count - 1
  }

  /// The embedding that is learned of a photo and, where the tail trains, what the network takes for it.
  private func embed(_ image: RGBImage, views: Int) throws(PhotoEncoderError) -> (embedding: [Float], input: [Float]) {
    let encoder = source.encoder
    return (try encoder.embed(image, views: views), trunk == nil ? [] : try encoder.networkInput(image))
  }

  private func take(_ photo: LearnedPhoto, _ input: [Float], isChosen: (TrunkPass) -> Bool) {
    if let trunk, isChosen(trunk) { trunk.add(input, photo, at: photos.count) }
    photos.append(photo)
  }

  /// What the photos teach with these embeddings of them.
  func knowledge(_ photos: [LearnedPhoto], dimension: Int) throws(TaskEditError) -> Knowledge {
    var knowledge = Knowledge(dimension: dimension)
    for (label, name) in names.enumerated() {
      let examples = photos.filter { $0.label == label }.map {
        LearnedExample(identifier: $0.identifier, embedding: $0.embedding)
      }
      try knowledge.add(examples, to: name)
    }
    return knowledge
  }
}

/// A photo that was read; its pixels are not kept.
struct LearnedPhoto: Sendable {
  let label: Int
  let identifier: UInt64
  let path: String
  /// As the encoder gives it.
  var embedding: [Float]
}
