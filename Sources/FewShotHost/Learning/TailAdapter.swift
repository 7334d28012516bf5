import FewShot
public import HostRuntime
public import TinyNN

/// Photos by their place in a cut cache: their class, and the places of their views.
public struct CachedPhoto: Sendable {
  public var label: Int
  /// The photo as it is; its views follow, then its quarter turns.
  public var first: Int

  public init(label: Int, first: Int) {
    self.label = label
    self.first = first
  }
}

/// Trains a network's tail on cached photos and embeds photos with it.
///
/// A step: a batch of views is drawn, the tail runs, the loss of each view against the prototypes of the untrained encoder goes
/// back through the tail, and Adam updates the weights with a rate that falls as a cosine to zero. At the end the average of the
/// weights is taken. Everything follows from the seed.
public final class TailAdapter {
  public let plan: AdaptationPlan
  public let trainer: Trainer
  private let cache: CutCache
  private let dimension: Int
  private let logits: AlignedMemory
  private let rotation: RotationObjective
  private let rotationMemory: AlignedMemory

  public init(_ model: Model, _ plan: AdaptationPlan, cache: CutCache) throws(TrainingError) {
    self.plan = plan
    self.cache = cache
    trainer = try Trainer(model, plan.options.training(from: plan.firstOperator))
    dimension = trainer.session.embedding(0).count
    logits = AlignedMemory(byteCount: 4 * TaskLimits.classCount)
    rotation = RotationObjective(dimension: dimension)
    rotationMemory = AlignedMemory(byteCount: plan.options.turnsPhotos ? 4 * rotation.memoryCount : 4)
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

  /// Trains from the weights as they are. `unlabelled`: the first places of photos for the rotation objective besides the labelled
  /// ones.
  /// - Parameters:
  ///   - checkpoint: says at which step to begin, and keeps the state at intervals.
  ///   - progress: gets the steps done.
  public func train(
    _ photos: [CachedPhoto], classCount: Int, unlabelled: [Int] = [], seed: UInt64, as candidate: AdaptationCandidate,
    checkpoint: AdaptationCheckpoint? = nil, progress: (Int) -> Void = { _ in }
  ) {
    let options = plan.options
    var prototypes = prototypes(photos, classCount: classCount)
    let rotates = candidate.rotates && options.turnsPhotos
    var random = CounterRandom(seed: seed ^ 0x7461_696C)
    if rotates { rotation.reset(rotationMemory.floats, random: &random) }
    var batches = BatchDraw(photos, turned: rotates ? photos.map(\.first) + unlabelled : [], options, random)
    // Everything that is drawn follows from the seed: what was drawn before the checkpoint is drawn again.
    let first = checkpoint?.restore(self) ?? 0
    for _ in 0..<first { batches.next() }
    prototypes.withUnsafeMutableBufferPointer { buffer in
      // Alive during this closure, in which the objective is used.
      let objective = PrototypeObjective(
        prototypes: EmbeddingMatrix(UnsafePointer(buffer.baseAddress!), count: classCount, dimension: dimension))
      for step in first..<options.steps {
        let phase = Float(step) / Float(options.steps)
        batches.next()
        for (i, example) in batches.examples.enumerated() { cache.load(example.place, to: trainer.session.cut(i)) }
        trainer.session.forward()
        // Half the weight is left after a third, nothing in the last third.
        let weight = options.rotationWeight * max(0, 1 - phase * 1.5)
        for (i, example) in batches.examples.enumerated() {
          let (embedding, gradient) = (trainer.session.embedding(i), trainer.session.embeddingGradient(i))
          if i < batches.labelledCount {
            _ = objective.evaluate(
              embedding, label: example.label, weight: 1 / Float(batches.labelledCount), gradient: gradient, logits: logits.floats)
          } else {
            for j in 0..<dimension { gradient[j] = 0 }
            _ = rotation.evaluate(
              embedding, turns: example.label, weight: weight / Float(batches.turnedCount), gradient: gradient,
              memory: rotationMemory.floats)
          }
        }
        trainer.session.backward()
        // (1 + cos(pi phase)) / 2 by its symmetric polynomial: within 0.001.
        let rate = candidate.learningRateFactor * options.learningRate * CosineSchedule.factor(phase)
        trainer.session.step(OptimizerStep(learningRate: rate))
        if rotates { rotation.update(rotationMemory.floats, learningRate: 10 * rate, step: step + 1) }
        checkpoint?.didStep(step + 1, of: self)
        progress(step + 1)
      }
    }
    trainer.session.adoptAverage()
  }

  /// All memory that a step changes, besides the optimizer's progress.
  var state: [UnsafeMutableRawBufferPointer] {
    let weights = trainer.session.weightsAndState
    return [UnsafeMutableRawBufferPointer(start: weights.address, count: weights.count), rotationMemory.buffer]
  }
}

/// (1 + cos(pi x)) / 2 for x in 0 ... 1, without a cosine: the same bits everywhere.
public enum CosineSchedule {
  /// By Taylor's polynomial of the sine around the middle, to degree 9: error below 4e-6.
  public static func factor(_ x: Float) -> Float {
    let t = (0.5 - x) * 3.14159265
    let z = t * t
    let sine = t * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362_880)))))
    return 0.5 + 0.5 * sine
  }
}
