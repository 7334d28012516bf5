import FewShot
import HostRuntime
import ModelCompiler
import TinyNN

/// What `adapt --method finetune` did.
struct FinetuneOutcome {
  let plan: AdaptationPlan
  /// Nil where the photos were too few to ask.
  let gate: AdaptationGate?
  /// The encoder with the trained tail, nil where it stays as it was.
  let trained: TrainedEncoder?
  let knowledge: Knowledge
  /// What the same photos teach without training.
  let frozen: Knowledge
  /// Mean cosine of the trained tail's embeddings and those of the network that was written.
  let agreement: Double

  var verdict: String {
    guard let gate, let winner = gate.winner else { return "a class has one photo only: the encoder stays as it is" }
    let compared = "held-out photos: \(winner.right) of \(gate.heldOut) right with training (\(winner.candidate.text)), \(gate.frozenRight) without"
    return trained == nil ? "\(compared): the encoder stays as it is" : "\(compared): the trained tail is taken"
  }

  var fields: [(name: String, value: JSON)] {
    var fields: [(name: String, value: JSON)] = [
      ("trained", .bool(trained != nil)), ("verdict", .string(verdict)), ("tailLayers", .integer(plan.layers)),
      ("trainedWeights", .integer(plan.training.trainedCount)), ("agreement", .number(agreement)), ("plan", plan.json),
    ]
    if let gate {
      fields.append(("gate", [
        "heldOut": .integer(gate.heldOut), "rightTrained": .integer(gate.winner?.right ?? 0), "rightFrozen": .integer(gate.frozenRight),
        "logLikelihoodFrozen": .float(gate.frozenLogLikelihood),
        "trials": .array(gate.trials.map {
          [
            "learningRateFactor": .float($0.candidate.learningRateFactor), "rotation": .bool($0.candidate.rotates), "right": .integer($0.right),
            "logLikelihood": .float($0.logLikelihood),
          ]
        }),
      ]))
    }
    return fields
  }
}

extension AdaptationCandidate {
  var text: String { "\(decimal(Double(learningRateFactor), digits: 1)) of the learning rate\(rotates ? ", with rotation" : "")" }
}

extension AdaptationPlan {
  var json: JSON {
    [
      "layers": .integer(layers), "views": .integer(options.views), "batch": .integer(options.batch),
      "optimizer": .string("\(options.optimizer)"), "biasesOnly": .bool(options.biasesOnly), "trunkBytes": .integer(trunkByteCount),
      "cacheBytes": .integer(cacheByteCount), "weightBytes": .integer(training.weightByteCount), "stateBytes": .integer(training.stateByteCount),
      "activationBytes": .integer(training.activationByteCount), "scratchBytes": .integer(training.scratchByteCount),
      "headBytes": .integer(headByteCount), "totalBytes": .integer(byteCount),
    ]
  }

  var text: String {
    let what = options.biasesOnly ? "biases of the last \(layers) layers" : "the last \(layers) layers"
    return "training \(what) with \(options.optimizer), batch \(options.batch), \(options.views) views: \(grouped(byteCount)) bytes "
      + "(trunk \(grouped(trunkByteCount)), cut tensors \(grouped(cacheByteCount)), weights \(grouped(training.weightByteCount)), gradients and state "
      + "\(grouped(training.stateByteCount)), activations \(grouped(training.activationByteCount + training.scratchByteCount)))"
  }
}

extension Adapt {
  /// The plan that fits, or a refusal that names the smallest budget that would do.
  func planTraining(_ reader: PhotoReader, _ classes: ClassFolders, _ unlabelled: UnlabelledFolder?) throws -> AdaptationPlan {
    let wanted = finetune.adaptation(seed: seed)
    let photos = classes.photoCount + (wanted.auxiliary == .none ? 0 : unlabelled?.photos.count ?? 0)
    do {
      guard let memory else {
        return try AdaptationPlan(
          for: reader.model, wanted, photos: photos, classes: classes.folders.count, trunkByteCount: reader.encoder.plannedByteCount)
      }
      let found = try AdaptationPlan.fitting(
        memory.byteCount, model: reader.model, wanted, photos: photos, classes: classes.folders.count,
        trunkByteCount: reader.encoder.plannedByteCount)
      guard let plan = found.plan else {
        throw Failure(
          .overBudget,
          "\(reader.path): training needs at least \(grouped(found.smallest)) bytes (biases of one layer, one view of each photo at a time); --memory allows \(grouped(memory.byteCount))")
      }
      return plan
    } catch let error as TrainingError { throw Failure(error, in: reader.model, path: reader.path) }
  }

  /// Learns with training where held-out photos say that it helps.
  func learnByTraining(
    _ classes: ClassFolders, _ reader: PhotoReader, _ plan: AdaptationPlan, _ unlabelled: UnlabelledFolder?
  ) throws -> FinetuneOutcome {
    note(plan.text)
    let model = reader.model, places = TrunkRunner.places(plan.options)
    let turned = plan.options.auxiliary == .none ? nil : unlabelled
    let cache = CutCache(
      count: (classes.photoCount + (turned?.photos.count ?? 0)) * places, entryCount: plan.training.cutCount, map: model.tensor(plan.cutTensor).quantization)
    let trunk = TrunkRunner(reader.encoder, plan, cutTensor: plan.cutTensor)
    var inputs = LabelledInputs()
    try inputs.read(classes, reader, strict: strict) { input, identifier, index in
      trunk.add(input, identifier: identifier, to: cache, at: index * places)
    }
    let frozen = try inputs.knowledge(dimension: reader.encoder.dimension)
    let photos = inputs.photos.enumerated().map { CachedPhoto(label: $0.element.label, first: $0.offset * places) }
    var extra: [Int] = []
    try turned?.read(reader, strict: strict) { input, identifier in
      extra.append((inputs.photos.count + extra.count) * places)
      trunk.add(input, identifier: identifier, to: cache, at: extra[extra.count - 1])
    }
    let (adapter, classCount) = (try trainer(model, plan, cache, reader.path), frozen.classes.count)
    guard frozen.classes.allSatisfy({ $0.examples.count >= AdaptationGate.minimumShots }) else {
      return FinetuneOutcome(plan: plan, gate: nil, trained: nil, knowledge: frozen, frozen: frozen, agreement: 1)
    }
    note("asking held-out photos whether training helps: \(AdaptationGate.folds * plan.options.candidates.count) short trainings")
    let gate = AdaptationGate(adapter, photos, classCount: classCount, unlabelled: extra, seed: seed)
    guard gate.takesTrained, let winner = gate.winner else {
      return FinetuneOutcome(plan: plan, gate: gate, trained: nil, knowledge: frozen, frozen: frozen, agreement: 1)
    }
    adapter.restart()
    var progress = Progress("Training", total: plan.options.steps)
    adapter.train(photos, classCount: classCount, unlabelled: extra, seed: seed, as: winner.candidate) {
      progress.update(done: $0)
      return true
    }
    progress.finish()

    let trained: TrainedEncoder
    do { trained = try TrainedEncoder(adapter.trainer.trainedFile(), winner.calibration) } catch { throw Failure(error, in: reader.path) }
    let (knowledge, agreement) = try embed(inputs, trained, adapter, photos)
    return FinetuneOutcome(plan: plan, gate: gate, trained: trained, knowledge: knowledge, frozen: frozen, agreement: agreement)
  }

  /// The encoder with all that was changed in it and with the way back to `before`; nil where nothing was.
  func change(
    of reader: PhotoReader, by outcome: FinetuneOutcome?, _ camera: CameraOutcome?, before: TaskFile
  ) throws(Failure) -> AdaptedEncoder? {
    let trained = outcome?.trained
    guard let file = camera?.alignment.isAligned == true ? camera?.alignment.file : trained?.model.bytes.array else { return nil }
    do {
      return try AdaptedEncoder(reader.model, changed: file, task: before, calibration: trained?.calibration, keepsStatistics: trained == nil)
    } catch { throw Failure(error, in: reader.path) }
  }

  private func trainer(_ model: Model, _ plan: AdaptationPlan, _ cache: CutCache, _ path: String) throws(Failure) -> TailAdapter {
    do { return try TailAdapter(model, plan, cache: cache) } catch { throw Failure(error, in: model, path: path) }
  }

  /// The photos' embeddings by the network that will be written.
  private func embed(
    _ inputs: LabelledInputs, _ trained: TrainedEncoder, _ adapter: TailAdapter, _ photos: [CachedPhoto]
  ) throws -> (Knowledge, Double) {
    let encoder = try PhotoEncoder(Encoder(bytes: trained.model.bytes.array, threads: runtime.threads))
    var inputs = inputs
    for index in inputs.photos.indices { inputs.photos[index].embedding = try encoder.embedding(ofInput: inputs.photos[index].input) }
    let knowledge = try inputs.knowledge(dimension: encoder.dimension)
    let found = adapter.embeddings(photos.map(\.first))
    var agreement = 0.0
    for (index, photo) in inputs.photos.enumerated() {
      let own = LearnedExample(identifier: 0, embedding: photo.embedding).embedding
      for i in own.indices { agreement += Double(own[i]) * Double(found[index * own.count + i]) }
    }
    return (knowledge, agreement / Double(max(1, inputs.photos.count)))
  }
}

/// An encoder with a trained tail, opened.
final class TrainedEncoder {
  let model: Model
  let calibration: Calibration
  private let memory: AlignedMemory

  init(_ file: [UInt8], _ calibration: Calibration) throws(ModelError) {
    memory = AlignedMemory(copying: file)
    model = try Model(validating: memory.bytes)
    self.calibration = calibration
  }
}

/// Labelled photos as the network takes them.
private struct LabelledInputs {
  struct Photo {
    let label: Int
    let identifier: UInt64
    let input: [Float]
    var embedding: [Float]
  }

  var names: [String] = []
  var photos: [Photo] = []

  /// Reads every photo once; `body` gets it with its index.
  mutating func read(
    _ classes: ClassFolders, _ reader: PhotoReader, strict: Bool, _ body: (_ input: [Float], _ identifier: UInt64, _ index: Int) -> Void
  ) throws {
    var progress = Progress("Reading", total: classes.photoCount)
    defer { progress.finish() }
    var done = 0
    for (label, folder) in classes.folders.enumerated() {
      names.append(folder.name)
      var paths: [UInt64: String] = [:]
      for photo in folder.photos {
        defer {
          done += 1
          progress.update(done: done)
        }
        guard let input = try reader.networkInput(of: photo, strict: strict) else { continue }
        let identifier: UInt64
        do { identifier = try PhotoIdentifier.of(photo) } catch { throw error.failure }
        if let same = paths.updateValue(photo, forKey: identifier) {
          warn("\(photo): the same photo as \(same); counted once")
          continue
        }
        body(input, identifier, photos.count)
        photos.append(Photo(label: label, identifier: identifier, input: input, embedding: try reader.embedding(ofInput: input, photo: photo)))
      }
      guard !paths.isEmpty else {
        throw Failure(.badData, "class '\(folder.name)' has no photo that can be read; add some or remove its folder")
      }
    }
  }

  func knowledge(dimension: Int) throws -> Knowledge {
    var knowledge = Knowledge(dimension: dimension)
    for (label, name) in names.enumerated() {
      try knowledge.add(
        photos.filter { $0.label == label }.map { LearnedExample(identifier: $0.identifier, embedding: $0.embedding) }, to: name)
    }
    return knowledge
  }
}
