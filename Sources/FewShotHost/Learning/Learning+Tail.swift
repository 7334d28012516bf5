import FewShot
import Glibc
import HostRuntime
import TinyNN

extension Learning {
  /// Trains the tail where held-out photos say that it helps, and returns what the photos teach then. The memory of the training is
  /// free again when this returns.
  func train(_ plan: AdaptationPlan, _ frozen: Knowledge, _ options: CheckpointOptions?) throws -> (TailOutcome, Knowledge) {
    let result = try trainTail(plan, frozen, options)
    var outcome = result.outcome
    guard let file = result.file, let winner = outcome.gate?.winner else { return (outcome, frozen) }
    let trained = try TrainedEncoder(file, winner.calibration)
    let (knowledge, agreement) = try knowledge(of: trained, result.embeddings, of: result.chosen)
    outcome.trained = trained
    outcome.agreement = agreement
    return (outcome, knowledge)
  }

  private func trainTail(_ plan: AdaptationPlan, _ frozen: Knowledge, _ options: CheckpointOptions?) throws -> TrainedTail {
    guard let trunk = trunk.take() else { preconditionFailure("a plan with a tail has a trunk") }
    trunk.finishReading()
    if trunk.chosen.count < photos.count {
      observer(.trainsPart(taken: trunk.chosen.count, of: photos.count, perClass: plan.options.photosPerClass))
    }
    guard frozen.classes.allSatisfy({ $0.examples.count >= HeldOutFolds.minimumShots }) else {
      return TrainedTail(outcome: TailOutcome(plan: plan, gate: nil))
    }
    // Before the trainer has its memory.
    let untrained = try untrainedAnswers(trunk.chosen)
    return try TailTraining(self, trunk, options).run(classCount: frozen.classes.count, untrained)
  }

  private func untrainedAnswers(_ chosen: [Int]) throws -> UntrainedAnswers? {
    let examples = ExampleMemory(count: chosen.count, classCount: names.count, dimension: source.encoder.dimension)
    var lengths: [Float] = []
    for (place, index) in chosen.enumerated() {
      let (values, length) = photos[index].embedding.normalized()
      examples.set(place, to: values.span, label: photos[index].label)
      lengths.append(length)
    }
    return try UntrainedAnswers(HeadLearner(examples: examples, lengths: lengths, statistics: StatisticsView.of(source.model)))
  }

  /// What the photos teach with the network that will be written, and the mean cosine of its embeddings to `expected`, those of the
  /// tail as it trained.
  private func knowledge(
    of trained: TrainedEncoder, _ expected: [Float], of chosen: [Int]
  ) throws -> (Knowledge, agreement: Double) {
    // Its arena takes the place of the other encoder's.
    source.encoder.runner.releaseMemory()
    let again = PhotoSource(
      try PhotoEncoder(ModelRunner(memory: trained.memory, threads: source.encoder.runner.plan.threads)), isStrict: true)
    var photos = photos
    var (agreement, compared) = (0.0, 0)
    for index in photos.indices {
      photos[index].embedding = try again.embedding(of: photos[index].path)
      guard compared < chosen.count, chosen[compared] == index else { continue }
      let own = photos[index].embedding.normalized().values
      for i in own.indices { agreement += Double(own[i]) * Double(expected[compared * own.count + i]) }
      compared += 1
    }
    return (try knowledge(photos, dimension: again.encoder.dimension), agreement / Double(max(1, compared)))
  }
}

/// What a training left.
private struct TrainedTail {
  var outcome: TailOutcome
  /// Of the trained encoder; nil where the encoder stays as it is.
  var file: AlignedMemory?
  /// Of the photos that trained, by the tail as it trained, and the indices of these photos.
  var embeddings: [Float] = []
  var chosen: [Int] = []
}

/// One training with its gate and its checkpoint; its memory goes when this object does.
private final class TailTraining {
  let plan: AdaptationPlan
  let adapter: TailTrainer
  let photos: [CachedPhoto]
  let chosen: [Int]
  let unlabelled: [Int]
  let checkpoint: AdaptationCheckpoint?
  let observer: WorkObserver

  init(_ learning: Learning, _ trunk: TrunkPass, _ options: CheckpointOptions?) throws {
    plan = trunk.plan
    photos = trunk.photos
    chosen = trunk.chosen
    unlabelled = trunk.unlabelled.map(\.place)
    observer = learning.observer
    let model = learning.source.model
    adapter = try TailTrainer(model, trunk.plan, cache: trunk.cache)
    let identity = AdaptationIdentity(
      model, plan, classes: learning.names, photos: learning.photos.map { ($0.label, $0.identifier) },
      unlabelled: trunk.unlabelled.map(\.identifier))
    checkpoint =
      if let options { try TailTraining.checkpoint(options, identity, adapter, observer) } else { nil }
  }

  private static func checkpoint(
    _ options: CheckpointOptions, _ identity: AdaptationIdentity, _ adapter: TailTrainer, _ observer: WorkObserver
  ) throws(LearningError) -> AdaptationCheckpoint {
    let path = options.path, isThere = access(path, F_OK) == 0
    let checkpoint: AdaptationCheckpoint
    do {
      checkpoint = try AdaptationCheckpoint(
        path: path, identity, of: adapter, interval: options.interval, resumes: options.resumes)
    } catch { throw .checkpoint(path: path, error) }
    if checkpoint.hasResumed {
      let (trainings, steps) = checkpoint.position
      observer(.checkpoint(.resumed(path: path, trainings: trainings, steps: steps)))
    } else if options.resumes {
      observer(.checkpoint(.missing(path: path)))
    } else if isThere {
      observer(.checkpoint(.ignored(path: path)))
    }
    return checkpoint
  }

  /// Asks the gate, and trains where it lets the trained tail through.
  func run(classCount: Int, _ untrained: UntrainedAnswers?) -> TrainedTail {
    defer { if let failure = checkpoint?.failure { observer(.checkpoint(.notWritten(failure))) } }
    observer(.asksHeldOutPhotos(trainings: HeldOutFolds.limit * plan.options.candidates.count))
    let seed = plan.options.seed
    let gate = AdaptationGate(
      adapter, photos, classCount: classCount, untrained: untrained, unlabelled: unlabelled, seed: seed, checkpoint: checkpoint)
    var result = TrainedTail(outcome: TailOutcome(plan: plan, gate: gate), chosen: chosen)
    guard gate.takesTrained || plan.options.isUngated, let winner = gate.winner else { return result }
    adapter.restart()
    let start = monotonicNanoseconds(), steps = plan.options.steps
    adapter.train(
      photos, classCount: classCount, unlabelled: unlabelled, seed: seed, with: winner.auxiliaries, checkpoint: checkpoint
    ) { [observer] in observer(.progress(.training, done: $0, total: steps)) }
    result.outcome.stepMilliseconds = Double(monotonicNanoseconds() - start) / 1e6 / Double(steps)
    result.outcome.curve = adapter.curve
    result.embeddings = adapter.embeddings(photos.map(\.first))
    // Room for the copy of the file.
    adapter.trainer.releaseActivations()
    result.file = adapter.trainer.trainedFile()
    return result
  }
}
