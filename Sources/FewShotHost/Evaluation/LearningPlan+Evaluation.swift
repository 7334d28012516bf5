import FewShot
public import TinyNN

extension LearningPlan {
  /// The plan of few-shot episodes with heads on the encoder as it is (`EmbeddedDataset.reading`, `Episodes.measure`).
  /// - Parameters:
  ///   - encoder: embeds the photos.
  ///   - methods: measured one after the other on the same episodes.
  ///   - views: of a photo whose mean embedding is learned from.
  ///   - photos: of the whole data set.
  ///   - classes: of the whole data set.
  ///   - episodes: how many, and what is classified in them.
  ///   - shots: the most photos of a class that an episode learns from.
  ///   - unlabelled: the most photos without labels that an episode gets.
  public init(
    measuring encoder: PhotoEncoder, _ methods: [LearningMethod], views: Int, photos: Int, classes: Int, _ episodes: EpisodeOptions,
    shots: Int, unlabelled: Int = 0
  ) throws(ModelError) {
    let dimension = encoder.dimension, copies = views > 1 ? 2 : 1
    let queries = min(episodes.ways * episodes.queries, photos)
    let episode = LearningMaterial(photosPerClass: [Int](repeating: shots, count: episodes.ways))
    let background = try StatisticsView.of(encoder.runner.model)?.backgroundCount ?? 0
    let head = LearnedHead.plannedByteCount(
      examples: episode.photos, classes: episode.classes, dimension: dimension, background: background)
    let propagation = LearningPlan.propagationParts(
      min(unlabelled, TaskLimits.unlabelledCount), examples: episode.photos, classes: episode.classes, dimension: dimension,
      background: background)
    let widest = methods.map { $0.featureCounts(dimension).reduce(0, +) }.max() ?? 0
    // Of each method its accuracies and the details for a report; of the one that is measured every answer.
    let kept = methods.count * EpisodeDetails.byteCount(episodes: episodes.episodes, photos: photos, classes: classes)
    var parts: [Part: Int] = [
      .trunk: encoder.plannedByteCount, .views: views > 1 ? encoder.viewByteCount : 0,
      .gathered: views * photos * EmbeddedDataset.gatheredByteCount(dimension: dimension),
      .dataset: (copies + 1) * photos * EmbeddedDataset.rowByteCount(dimension: dimension),
      .features: 4 * photos * widest, .finalHead: head,
      .scores: kept + TaskEvaluation.byteCount(photos: 2 * episodes.episodes * queries),
    ]
    parts.merge(propagation) { $1 }
    self.init(
      LearningOptions(method: methods.first ?? .auto, views: views), episode, alignedPhotos: 0,
      phases: [
        Phase(name: .reading, parts: [.trunk, .views, .gathered, .dataset]),
        Phase(name: .measuring, parts: [.trunk, .dataset, .features, .finalHead, .kept, .propagation, .scores]),
      ], parts)
  }

  /// The plan of few-shot episodes over a data set, all of which is read before the first.
  /// - Parameters:
  ///   - encoder: whose tail trains, or that is aligned.
  ///   - wanted: the tail that trains in every episode; nil: only the encoder's alignment is measured.
  ///   - photos: of the whole data set.
  ///   - episode: what one episode learns from.
  ///   - isShifted: the photos are there twice, as they are and through another camera.
  ///   - aligns: the encoder is aligned in every episode.
  public init(
    measuring encoder: PhotoEncoder, tail wanted: AdaptationOptions?, photos: Int, episode: LearningMaterial, isShifted: Bool,
    aligns: Bool
  ) throws {
    let model = encoder.runner.model, inputCount = encoder.preprocessing.outputCount, copies = isShifted ? 2 : 1
    let tail = try wanted.map { try AdaptationPlan(for: model, $0, photos: photos, classes: episode.classes) }
    var parts: [Part: Int] = [
      .trunk: encoder.plannedByteCount,
      .gathered: copies * photos * EmbeddedDataset.gatheredByteCount(dimension: encoder.dimension),
      .dataset: copies * photos * EmbeddedDataset.rowByteCount(dimension: encoder.dimension),
      .finalHead: LearnedHead.plannedByteCount(
        examples: episode.photos, classes: episode.classes, dimension: encoder.dimension,
        background: try StatisticsView.of(model)?.backgroundCount ?? 0),
    ]
    if let tail {
      parts.merge(LearningPlan.trainingParts(tail, inputCount: inputCount)) { $1 }
      parts[.cutCache]? *= copies
      parts[.head] = LearningPlan.headByteCount(tail, episode, dimension: encoder.dimension)
    }
    if aligns {
      // Beside the aligned encoder, the one that it comes from and one that embeds, each with its file.
      let embedders = 2 * (encoder.plannedByteCount + model.bytes.count)
      parts[.alignment] = try CameraAlignment.byteCount(model, classes: episode.classes) + embedders
      parts[.cameraPhotos] = TensorCache.byteCount(count: 2 * photos, entryCount: inputCount)
    }
    self.init(
      wanted.map { .training($0) } ?? LearningOptions(method: .head(.prototype), views: 1), episode, tail: tail,
      alignedPhotos: episode.unlabelled, phases: [Phase(name: .measuring, parts: Part.allCases)], parts)
  }

  /// The plan of measuring a task on labelled photos (`Classifier.evaluate`).
  public init(measuring task: Classifier, photos: Int) {
    self.init(
      LearningOptions(method: .head(task.head.method), views: 1),
      LearningMaterial(photosPerClass: [Int](repeating: 0, count: task.names.count)), alignedPhotos: 0,
      phases: [Phase(name: .measuring, parts: [.trunk, .scores])],
      [.trunk: task.plannedByteCount, .scores: TaskEvaluation.byteCount(photos: photos)])
  }
}

extension LearningMethod {
  /// Values of each kind of features that are kept of a photo, at most.
  fileprivate func featureCounts(_ dimension: Int) -> [Int] {
    let heads: [HeadMethod] =
      switch self {
      case .head(let method): [method]
      case .auto: [.prototype, .centred, .ridge]
      }
    return heads.map { $0.traits.features.count(dimension) }
  }
}

extension EmbeddedDataset {
  /// Of a photo and a view while the photos are read: an array with its header, and its place among the others.
  static func gatheredByteCount(dimension: Int) -> Int { 4 * dimension + 64 }
  /// Of a row: an embedding and its length.
  static func rowByteCount(dimension: Int) -> Int { 4 * (dimension + 1) }
}

extension TaskEvaluation {
  /// Of all answers: confidences and scores of known photos, scores of the others, each array once more while it grows.
  static func byteCount(photos: Int) -> Int { 3 * 12 * photos }
}
