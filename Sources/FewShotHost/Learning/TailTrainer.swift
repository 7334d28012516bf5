public import FewShot
public import HostRuntime
public import TinyNN

/// Photos by their place in a cut cache: their class, and the places of their views.
public struct CachedPhoto: Sendable {
  /// -1 without.
  public var label: Int
  /// The photo as it is; its views follow.
  public var first: Int

  public init(label: Int, first: Int) {
    self.label = label
    self.first = first
  }
}

/// Trains a network's tail on cached photos and embeds photos with it.
///
/// A step: a batch of views is drawn, the tail runs, the losses of the objectives go back through the tail, and the optimizer
/// updates the weights with a rate that falls as a cosine to zero. At the end the average of the weights is taken. Everything
/// follows from the seed.
public final class TailTrainer {
  public let plan: AdaptationPlan
  public let trainer: Trainer
  let cache: TensorCache
  private let dimension: Int
  let objectives: TrainingObjectives
  let recorder: CurveRecorder
  /// Of the last training.
  public private(set) var curve = TrainingCurve()

  public init(_ model: Model, _ plan: AdaptationPlan, cache: TensorCache) throws(TrainingError) {
    self.plan = plan
    self.cache = cache
    trainer = try Trainer(model, plan.training)
    dimension = trainer.session.embedding(0).count
    objectives = TrainingObjectives(
      plan.options, dimension: dimension, classCount: plan.classes, photoCount: plan.photos)
    recorder = CurveRecorder(steps: plan.options.steps, objectives: plan.options.objectives.count)
  }

  /// Forgets what was trained.
  public func restart() { trainer.session.restart() }

  /// The embeddings, of length 1, of cached tensors as the tail gives them now.
  public func embeddings(_ places: [Int]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(places.count * dimension)
    var start = 0
    while start < places.count {
      let count = min(plan.options.batch, places.count - start)
      for i in 0..<plan.options.batch { cache.load(places[start + min(i, count - 1)], to: trainer.session.cut(i)) }
      trainer.session.forward()
      for i in 0..<count {
        let values = trainer.session.embedding(i)
        result += (0..<dimension).map { values[$0] }.normalized().values
      }
      start += count
    }
    return result
  }

  /// The mean of the embeddings of a photo and its views, of length 1, for each photo: [photos][dimension].
  public func viewMeans(_ photos: [CachedPhoto]) -> [Float] {
    let views = 1 + plan.options.views
    let all = embeddings(photos.flatMap { photo in (0..<views).map { photo.first + $0 } })
    var result: [Float] = []
    for photo in photos.indices {
      var mean = [Float](repeating: 0, count: dimension)
      for view in 0..<views { for i in 0..<dimension { mean[i] += all[(photo * views + view) * dimension + i] } }
      result += mean.normalized().values
    }
    return result
  }

  /// Prototypes of the photos from the mean embeddings of their views: [classes][dimension].
  public func prototypes(_ photos: [CachedPhoto], classCount: Int) -> [Float] {
    var prototypes = [Float](repeating: 0, count: classCount * dimension)
    withSupport(viewMeans(photos), photos.map { UInt32($0.label) }, classCount: classCount, dimension: dimension) { support in
      var span = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &span)
    }
    return prototypes
  }

  /// Trains from the weights as they are.
  /// - Parameters:
  ///   - photos: with a label.
  ///   - classCount: classes that they show.
  ///   - unlabelled: the first places of photos that train without a label.
  ///   - seed: of everything that is drawn.
  ///   - auxiliaries: what trains besides the prototypes.
  ///   - checkpoint: says at which step to begin, and keeps the state at intervals.
  ///   - progress: gets the steps done.
  public func train(
    _ photos: [CachedPhoto], classCount: Int, unlabelled: [Int] = [], seed: UInt64, with auxiliaries: [ObjectiveKind] = [],
    checkpoint: AdaptationCheckpoint? = nil, progress: (Int) -> Void = { _ in }
  ) {
    var prototypes = prototypes(photos, classCount: classCount)
    let all = photos + unlabelled.map { CachedPhoto(label: -1, first: $0) }
    prototypes.withUnsafeMutableBufferPointer { buffer in
      // Alive during this closure, in which the run is used.
      let matrix = EmbeddingMatrix(UnsafePointer(buffer.baseAddress!), count: classCount, dimension: dimension)
      let run = TrainingRun(self, all, prototypes: matrix, seed: seed, auxiliaries)
      // Everything that is drawn follows from the seed: what was drawn before the checkpoint is drawn again.
      let first = checkpoint?.restore(self) ?? 0
      for _ in 0..<first { run.batches.next() }
      for step in first..<plan.options.steps {
        run.step(step)
        checkpoint?.didStep(step + 1, of: self)
        progress(step + 1)
      }
      curve.lines = run.parts.map { .init(objective: $0.kind, losses: recorder.losses(objective: $0.index)) }
    }
    trainer.session.adoptAverage()
  }

  /// All memory that a step changes, besides the optimizer's progress.
  var state: [UnsafeMutableRawBufferPointer] {
    let weights = trainer.session.weightsAndState
    return [UnsafeMutableRawBufferPointer(start: weights.address, count: weights.count)] + objectives.state + [recorder.state]
  }
}
