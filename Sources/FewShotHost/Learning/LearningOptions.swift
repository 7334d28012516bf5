import FewShot

/// How classes are learned.
public struct LearningOptions: Equatable, Sendable {
  /// How the head is learned.
  public var method: LearningMethod
  /// Views of each photo whose mean embedding is learned; nil: as many as suit the number of photos.
  public var views: Int?
  /// How the encoder's tail trains; nil: the encoder stays as it is.
  public var tail: AdaptationOptions?

  public init(method: LearningMethod = .auto, views: Int? = nil) {
    self.method = method
    self.views = views
  }

  /// Training of the encoder's tail, where held-out photos say that it helps; its head is prototypes.
  public static func training(_ tail: AdaptationOptions = AdaptationOptions()) -> LearningOptions {
    var options = LearningOptions(method: .head(.prototype))
    options.tail = tail
    return options
  }
}

/// What there is to learn from, counted before the first photo is read.
public struct LearningMaterial: Equatable, Sendable {
  /// Labelled photos of each class.
  public var photosPerClass: [Int]
  /// Photos without labels that the camera is known by, at most `unlabelledLimit`.
  public var unlabelled: Int
  /// Photos without labels whose embeddings the task keeps, at most `TaskLimits.unlabelledCount`.
  public var kept: Int

  /// More photos without labels say little more about a camera.
  public static let unlabelledLimit = 256

  public init(photosPerClass: [Int], unlabelled: Int = 0) {
    self.photosPerClass = photosPerClass
    self.unlabelled = min(unlabelled, LearningMaterial.unlabelledLimit)
    kept = min(unlabelled, TaskLimits.unlabelledCount)
  }

  public init(_ classes: [PhotoFolder], unlabelled: [String] = []) {
    self.init(photosPerClass: classes.map(\.photos.count), unlabelled: unlabelled.count)
  }

  /// So many photos of so many classes, as evenly as it goes.
  public init(photos: Int, classes: Int) {
    self.init(photosPerClass: (0..<classes).map { (photos + classes - 1 - $0) / classes })
  }

  public var photos: Int { photosPerClass.reduce(0, +) }
  public var classes: Int { photosPerClass.count }
}
