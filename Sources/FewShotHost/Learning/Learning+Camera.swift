import FewShot
import HostRuntime
import TinyNN

extension Learning {
  /// Measures how far the device's photos are from the labelled ones for `encoder`, aligns it, and asks held-out photos whether it
  /// is taken. Labelled photos are read again, one at a time; those without labels are kept as int8, as many as the plan says.
  /// - Parameters:
  ///   - trained: the encoder whose tail was trained; nil: the source's.
  ///   - knowledge: what the photos teach as it sees them, by `method`.
  func align(_ trained: TrainedEncoder?, _ knowledge: Knowledge, _ method: LearningMethod) throws -> CameraOutcome {
    let camera = try cameraPhotos(), count = camera.look.count, model = trained?.model ?? source.model
    guard count >= CameraAlignmentOptions().photoMinimum else { return CameraOutcome(tooFew: count) }
    let (alignment, guess) = try alignment(of: model, with: CachedInputs(camera.cache, Array(0..<count)), camera.look)
    var outcome = CameraOutcome(alignment, photos: count)
    guard let file = outcome.file else { return outcome }
    var asked = AlignmentGate.Asked()
    let before = try trained.map { try opened($0.memory) } ?? source.encoder
    asked.ofCameraBefore = try labelled(knowledge, by: before, through: guess)
    // One arena takes the place of the other.
    before.runner.releaseMemory()
    let network = try opened(file)
    asked.ofCamera = try labelled(knowledge, by: network, through: guess)
    asked.aligned = try labelled(knowledge, by: network)
    // A trained tail leaves the statistics behind.
    let learner = HeadLearner(knowledge, statistics: trained == nil ? try StatisticsView.of(model) : nil)
    outcome.judge(by: try AlignmentGate(learner, method, asked), try knowledge.replacingExamples(by: asked.aligned))
    return outcome
  }

  /// Photos without labels that tell something.
  private func cameraPhotos() throws -> (cache: TensorCache, look: CameraLook) {
    let offered = unlabelled.evenlySpread(atMost: plan.alignedPhotos), preprocessing = source.encoder.preprocessing
    let cache = TensorCache(count: offered.count, entryCount: preprocessing.outputCount, map: nil)
    var look = CameraLook()
    let telling = try source.forEachTelling(offered, .readingUnlabelled) { _, input in
      cache.store(input, at: look.count)
      look.add(input, width: preprocessing.inputWidth)
    }
    guard telling.readable > 0 else { throw LearningError.noUnlabelledPhotos(files: offered.count) }
    return (cache, look)
  }

  private func alignment(
    of model: Model, with unlabelled: CachedInputs, _ camera: CameraLook
  ) throws -> (CameraAlignment, CameraGuess) {
    let network = source.encoder, width = network.preprocessing.inputWidth
    let reference = try CameraReference(model, classCount: names.count),
      classes = names.indices.map { label in
        PhotoFolder(name: names[label], photos: photos.filter { $0.label == label }.map(\.path))
      }
    var (look, smoothed) = (CameraLook(), CameraLook())
    try source.forEach(
      in: classes, copies: .once, .reading,
      extract: { _, image throws(PhotoEncoderError) in try network.networkInput(image) }
    ) { photo, input in
      reference.add(input, label: photo.label)
      look.add(input, width: width)
      smoothed.add(CameraGuess.smoothed(input, width: width), width: width)
    }
    network.runner.releaseMemory()
    let alignment = CameraAlignment(reference, unlabelled: unlabelled) { [observer] done, total in
      observer(.progress(.aligning, done: done, total: total))
    }
    return (alignment, CameraGuess(labelled: look, smoothed: smoothed, camera: camera))
  }

  private func opened(_ file: AlignedMemory) throws -> PhotoEncoder {
    try PhotoEncoder(ModelRunner(memory: file, threads: source.encoder.runner.plan.threads))
  }

  /// The examples of `knowledge`, in its order, as they are or through the camera.
  private func labelled(
    _ knowledge: Knowledge, by network: PhotoEncoder, through guess: CameraGuess? = nil
  ) throws -> [LearnedExample] {
    let again = PhotoSource(network, isStrict: true), width = network.preprocessing.inputWidth
    return try knowledge.classes.flatMap { known in
      let label = names.firstIndex { isSameName($0, known.name) }
      let own = photos.filter { $0.label == label }, views = views(of: own.count)
      return try known.examples.map { example in
        guard let photo = own.first(where: { $0.identifier == example.identifier }) else {
          preconditionFailure("an example is of a photo that was read")
        }
        let embedding = try again.read(photo.path) { image throws(PhotoEncoderError) in
          guard let guess else { return try network.embed(image, views: views) }
          return try network.embedding(
            ofInput: guess.apply(try network.networkInput(image), width: width, stream: photo.identifier))
        }
        return LearnedExample(identifier: photo.identifier, embedding: embedding)
      }
    }
  }
}
