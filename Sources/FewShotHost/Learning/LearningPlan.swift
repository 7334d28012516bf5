import FewShot
import TinyNN

/// The memory of learning, known before the first photo is read: parts by name, and which of them live at the same time.
///
///     reading    | trunk | head | views | trunkInputs | cutCache                 |
///     comparing  | trunk | head | cutCache | finalHead                            |
///     training   | trunk | head | cutCache | weights | state | activations | scratch |
///     aligning   | trunk | head | alignment | cameraPhotos | contents            |
///     judging    | the same | shown | finalHead | askedPhotos
///     embedding  | trunk | kept | keptContents                                       |
///     propagating | trunk | finalHead | kept | propagation                        |
///     finishing  | trunk | finalHead                                             |
///     measuring  | trunk | dataset | features | finalHead | scores, and what trains or aligns in episodes
///
/// `byteCount` is the largest of these sums. The encoder's file is used in place and is not among them, nor is its copy with a
/// trained tail; both have as many bytes as the file. A decoded photo and the program itself come on top.
public struct LearningPlan: Sendable {
  public enum Part: String, CaseIterable, Sendable {
    /// Arena of the whole network and scratch of preprocessing.
    case trunk
    /// A photo and its view, where heads learn from several views.
    case views
    /// A photo, its view and its tensor at the cut, on the way to the cut cache.
    case trunkInputs
    /// Tensors at the cut of all photos and views as int8.
    case cutCache
    case weights, state, activations, scratch
    /// Embeddings of the photos, prototypes, memory of objectives.
    case head
    /// Working memory of the head that is learned at the end.
    case finalHead
    /// A copy of the encoder, an arena, the moments of its channels.
    case alignment
    /// Inputs of photos from the device's camera as int8, which alignment reads again and again.
    case cameraPhotos
    /// What tells copies among them apart.
    case contents
    /// A labelled photo, smoothed and as the camera may show it.
    case shown
    /// Embeddings of the labelled photos by the aligned encoder, and of those of the camera by both, which are asked.
    case askedPhotos
    /// Embeddings of photos without labels as int8, and what is learned with them, as the task keeps them.
    case kept
    /// Working memory of learning with them.
    case propagation
    /// What tells copies among them apart.
    case keptContents
    /// Embeddings of the photos that are measured, as they are read: by photo and view.
    case gathered
    /// The same in one piece, and what the cache's file takes to be written.
    case dataset
    /// What heads see of all photos that are measured.
    case features
    /// Confidences and open-set scores of all answers, from which calibration and rejection follow.
    case scores
  }

  /// What is alive at the same time.
  public struct Phase: Sendable {
    public enum Name: String, Sendable {
      case reading, comparing, training, aligning, judging, embedding, propagating, finishing, measuring
    }
    public let name: Name
    public let parts: [Part]
  }

  public let options: LearningOptions
  public let material: LearningMaterial
  /// The tail that trains, if one does.
  public let tail: AdaptationPlan?
  /// Photos without labels that the alignment reads, evenly spread over all.
  public let alignedPhotos: Int
  /// Photos without labels whose embeddings the task keeps, evenly spread over all.
  public let keptPhotos: Int
  public internal(set) var phases: [Phase]
  var parts: [Part: Int] = [:]

  init(
    _ options: LearningOptions, _ material: LearningMaterial, tail: AdaptationPlan? = nil, alignedPhotos: Int, phases: [Phase],
    _ parts: [Part: Int]
  ) {
    self.options = options
    self.material = material
    self.tail = tail
    self.alignedPhotos = alignedPhotos
    keptPhotos = 0
    self.phases = phases
    self.parts = parts
  }

  public subscript(part: Part) -> Int { parts[part] ?? 0 }

  public func byteCount(of phase: Phase) -> Int { phase.parts.reduce(0) { $0 + self[$1] } }

  public func byteCount(of name: Phase.Name) -> Int { phases.first { $0.name == name }.map(byteCount) ?? 0 }

  /// What learning takes at most.
  public var byteCount: Int { phases.map(byteCount).max() ?? 0 }

  /// The plan of a choice that was made.
  init(_ encoder: EncoderBytes, _ choice: LearningChoice, _ material: LearningMaterial) {
    options = choice.options
    tail = choice.tail
    alignedPhotos = choice.alignedPhotos
    keptPhotos = choice.keptPhotos
    self.material = material
    parts[.trunk] = encoder.trunk
    parts[.finalHead] = encoder.finalHead
    if let tail {
      parts[.head] = LearningPlan.headByteCount(tail, material, dimension: encoder.dimension)
      parts[.views] = encoder.views
      parts.merge(LearningPlan.trainingParts(tail, inputCount: encoder.inputCount)) { $1 }
      phases = [
        Phase(name: .reading, parts: [.trunk, .head, .views, .trunkInputs, .cutCache]),
        Phase(name: .comparing, parts: [.trunk, .head, .cutCache, .finalHead]),
        Phase(name: .training, parts: [.trunk, .head, .cutCache, .weights, .state, .activations, .scratch]),
        Phase(name: .finishing, parts: [.trunk, .finalHead]),
      ]
    } else {
      parts[.head] = encoder.finalHead
      parts[.views] = options.views == 1 ? 0 : encoder.views
      phases = [Phase(name: .reading, parts: [.trunk, .head, .views])]
    }
    if keptPhotos > 0 { addPropagation(encoder) }
    guard material.unlabelled > 0 else { return }
    parts[.alignment] = encoder.alignment
    parts[.cameraPhotos] =
      TensorCache.byteCount(count: alignedPhotos, entryCount: encoder.inputCount)
    parts[.contents] = alignedPhotos * PhotoContent.byteCount
    // Asked in three ways; what the aligned encoder sees goes into the file, too.
    parts[.askedPhotos] = 4 * 4 * material.photos * encoder.dimension
    // A photo, smoothed and as the camera may show it.
    parts[.shown] = 4 * 4 * encoder.inputCount
    phases.append(Phase(name: .aligning, parts: [.trunk, .head, .alignment, .cameraPhotos, .contents]))
    phases.append(
      Phase(name: .judging, parts: [.trunk, .head, .alignment, .cameraPhotos, .contents, .shown, .finalHead, .askedPhotos]))
  }

  /// What photos without labels take that the task keeps.
  private mutating func addPropagation(_ encoder: EncoderBytes) {
    let examples = material.photos, classes = material.classes, dimension = encoder.dimension
    parts.merge(
      LearningPlan.propagationParts(
        keptPhotos, examples: examples, classes: classes, dimension: dimension, background: encoder.background)
    ) { $1 }
    parts[.keptContents] = keptPhotos * PhotoContent.byteCount
    phases.append(Phase(name: .embedding, parts: [.trunk, .kept, .keptContents]))
    phases.append(Phase(name: .propagating, parts: [.trunk, .finalHead, .kept, .propagation]))
  }

  /// `kept` and `propagation` of so many photos without labels.
  static func propagationParts(_ photos: Int, examples: Int, classes: Int, dimension: Int, background: Int) -> [Part: Int] {
    guard photos > 0 else { return [:] }
    let section = PropagatedParts.byteCount(photos: photos, labelled: examples, classes: classes, dimension: dimension)
    let nearness =
      examples + background
      + PropagatedClassifier.nearnessScratchCount(
        labelled: examples, unlabelled: photos, classes: classes, dimension: dimension)
    // Embeddings and identifiers while they are read, and in the section that is learned.
    return [.kept: section + photos * (dimension + 8), .propagation: 4 * nearness]
  }

  static func headByteCount(_ tail: AdaptationPlan, _ material: LearningMaterial, dimension: Int) -> Int {
    let others = max(0, material.photos - tail.photos)
    let embeddings =
      min(tail.photos, material.photos + material.unlabelled) * (1 + tail.options.views) + 3 * others + 2 * material.classes
    return 4 * (embeddings * dimension + tail.objectiveCount(dimension: dimension))
  }

  static func trainingParts(_ tail: AdaptationPlan, inputCount: Int) -> [Part: Int] {
    [
      .trunkInputs: 4 * (3 * inputCount + tail.training.cutCount),
      .cutCache: TensorCache.byteCount(count: tail.photos * tail.placesPerPhoto, entryCount: tail.training.cutCount),
      .weights: tail.training.weightByteCount, .state: tail.training.stateByteCount,
      .activations: tail.training.activationByteCount, .scratch: tail.training.scratchByteCount,
    ]
  }
}

/// What every plan for an encoder and its photos has in common.
struct EncoderBytes {
  let trunk: Int
  let views: Int
  let finalHead: Int
  let alignment: Int
  /// Values of the network's input and of an embedding.
  let inputCount: Int
  let dimension: Int
  /// Background embeddings.
  let background: Int

  init(_ encoder: PhotoEncoder, _ material: LearningMaterial) throws(ModelError) {
    let model = encoder.runner.model
    trunk = encoder.plannedByteCount
    views = encoder.viewByteCount
    inputCount = encoder.preprocessing.outputCount
    dimension = encoder.dimension
    background = try StatisticsView.of(model)?.backgroundCount ?? 0
    finalHead = LearnedHead.plannedByteCount(
      examples: material.photos, classes: material.classes, dimension: dimension,
      background: background)
    alignment = try CameraAlignment.byteCount(model, classes: material.classes)
  }
}

extension TensorCache {
  /// Values and their maps to int8.
  static func byteCount(count: Int, entryCount: Int) -> Int { count * (entryCount + 8) }
}
