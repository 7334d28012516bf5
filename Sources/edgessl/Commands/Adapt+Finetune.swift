import FewShot
import FewShotHost
import HostRuntime
import ImageFiles
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
  /// Of the training that was taken.
  var stepMilliseconds = 0.0

  var verdict: String {
    guard let gate, let winner = gate.winner else { return "a class has one photo only: the encoder stays as it is" }
    let compared =
      "held-out photos: \(winner.right) of \(gate.heldOut) right with training (\(winner.candidate.text)), \(gate.frozenRight) without"
    return trained == nil ? "\(compared): the encoder stays as it is" : "\(compared): the trained tail is taken"
  }

  var fields: [(name: String, value: JSON)] {
    var fields: [(name: String, value: JSON)] = [
      ("trained", .bool(trained != nil)), ("verdict", .string(verdict)), ("tailLayers", .integer(plan.layers)),
      ("trainedWeights", .integer(plan.training.trainedCount)), ("agreement", .number(agreement)), ("plan", plan.json),
      ("stepMilliseconds", .number(stepMilliseconds)),
    ]
    if let gate {
      fields.append(
        (
          "gate",
          [
            "heldOut": .integer(gate.heldOut), "rightTrained": .integer(gate.winner?.right ?? 0),
            "rightFrozen": .integer(gate.frozenRight),
            "logLikelihoodFrozen": .float(gate.frozenLogLikelihood),
            "trials": .array(
              gate.trials.map {
                [
                  "learningRateFactor": .float($0.candidate.learningRateFactor),
                  "rotation": .bool($0.candidate.auxiliary == .rotation),
                  "right": .integer($0.right),
                  "logLikelihood": .float($0.logLikelihood),
                ]
              }),
          ]
        ))
    }
    return fields
  }
}

extension AdaptationCandidate {
  var text: String {
    "\(decimal(Double(learningRateFactor), digits: 1)) of the learning rate\(auxiliary.map { ", with \($0.name)" } ?? "")"
  }
}

extension AdaptationPlan {
  var json: JSON {
    [
      "layers": .integer(layers), "views": .integer(options.views), "batch": .integer(options.batch),
      "optimizer": .string("\(options.optimizer)"), "biasesOnly": .bool(options.biasesOnly), "trunkBytes": .integer(trunkByteCount),
      "cacheBytes": .integer(cacheByteCount), "weightBytes": .integer(training.weightByteCount),
      "stateBytes": .integer(training.stateByteCount),
      "activationBytes": .integer(training.activationByteCount), "scratchBytes": .integer(training.scratchByteCount),
      "headBytes": .integer(headByteCount), "totalBytes": .integer(byteCount),
    ]
  }

  /// What trains and how, without the bytes.
  var choice: String {
    let what = options.biasesOnly ? "biases of the last \(layers) layers" : "the last \(layers) layers"
    return "\(what) with \(options.optimizer), batch \(options.batch), \(options.views) views"
  }

  var text: String {
    "training \(choice): \(grouped(byteCount)) bytes "
      + "(trunk \(grouped(trunkByteCount)), cut tensors \(grouped(cacheByteCount)), weights \(grouped(training.weightByteCount)), gradients and state "
      + "\(grouped(training.stateByteCount)), activations \(grouped(training.activationByteCount + training.scratchByteCount)))"
  }
}

extension Adapt {
  /// The plan that fits, or a refusal that names the smallest budget that would do.
  func planTraining(_ reader: PhotoReader, _ classes: ClassFolders, _ unlabelled: UnlabelledFolder?) throws -> AdaptationPlan {
    let wanted = finetune.adaptation(seed: seed)
    let photos =
      classes.folders.reduce(0) { $0 + min($1.photos.count, wanted.photosPerClass) }
      + (wanted.takesUnlabelled ? unlabelled?.photos.count ?? 0 : 0)
    do {
      guard let memory else {
        return try AdaptationPlan(
          for: reader.model, wanted, photos: photos, examples: classes.photoCount, classes: classes.folders.count,
          trunkByteCount: reader.encoder.plannedByteCount)
      }
      let found = try AdaptationPlan.fitting(
        memory.byteCount, model: reader.model, wanted, photos: photos, examples: classes.photoCount, classes: classes.folders.count,
        trunkByteCount: reader.encoder.plannedByteCount)
      guard let plan = found.plan else {
        throw Failure(
          .overBudget,
          "\(reader.path): training needs at least \(grouped(found.smallest)) bytes (biases of one layer, one view of each photo at a time); --memory allows \(grouped(memory.byteCount))"
        )
      }
      if let larger = found.larger { note("with \(grouped(larger.byteCount)) bytes: \(larger.choice)") }
      return plan
    } catch let error as TrainingError { throw Failure(error, in: reader.model, path: reader.path) }
  }

  /// Learns with training where held-out photos say that it helps.
  func learnByTraining(
    _ classes: ClassFolders, _ reader: PhotoReader, _ plan: AdaptationPlan, _ unlabelled: UnlabelledFolder?, task: String
  ) throws -> FinetuneOutcome {
    note(plan.text)
    let model = reader.model, places = plan.options.placesPerPhoto
    let turned = plan.options.takesUnlabelled ? unlabelled : nil
    let cache = CutCache(
      count: plan.photos * places, entryCount: plan.training.cutCount, map: model.tensor(plan.cutTensor).quantization)
    let trunk = TrunkRunner(reader.encoder, plan, cutTensor: plan.cutTensor)
    var inputs = LabelledPhotos()
    var chosen: [Int] = []
    try inputs.read(classes, reader, strict: strict, limit: plan.options.photosPerClass) { input, identifier, index, isChosen in
      guard isChosen else { return }
      trunk.add(input, identifier: identifier, to: cache, at: chosen.count * places)
      chosen.append(index)
    }
    if chosen.count < inputs.photos.count {
      note(
        "training takes \(chosen.count) of \(inputs.photos.count) photos, evenly spread: \(plan.options.photosPerClass) of a class at most"
      )
    }
    let frozen = try inputs.knowledge(dimension: reader.encoder.dimension)
    let photos = chosen.enumerated().map { CachedPhoto(label: inputs.photos[$0.element].label, first: $0.offset * places) }
    var (extra, extraIdentifiers): ([Int], [UInt64]) = ([], [])
    try turned?.read(reader, strict: strict) { input, identifier in
      extra.append((chosen.count + extra.count) * places)
      extraIdentifiers.append(identifier)
      trunk.add(input, identifier: identifier, to: cache, at: extra[extra.count - 1])
    }
    let classCount = frozen.classes.count
    guard frozen.classes.allSatisfy({ $0.examples.count >= AdaptationGate.minimumShots }) else {
      return FinetuneOutcome(plan: plan, gate: nil, trained: nil, knowledge: frozen, frozen: frozen, agreement: 1)
    }
    let identity = AdaptationIdentity(
      model, plan, classes: inputs.names, photos: inputs.photos.map { ($0.label, $0.identifier) }, unlabelled: extraIdentifiers)
    let tail = try trainTail(model, plan, cache, photos, extra, classCount: classCount, identity, task: task, path: reader.path)
    guard let file = tail.file, let winner = tail.gate.winner else {
      return FinetuneOutcome(plan: plan, gate: tail.gate, trained: nil, knowledge: frozen, frozen: frozen, agreement: 1)
    }
    let trained: TrainedEncoder
    do { trained = try TrainedEncoder(file, winner.calibration) } catch { throw Failure(error, in: reader.path) }
    let (knowledge, agreement) = try embed(inputs, trained, tail.embeddings, of: chosen)
    return FinetuneOutcome(
      plan: plan, gate: tail.gate, trained: trained, knowledge: knowledge, frozen: frozen, agreement: agreement,
      stepMilliseconds: tail.stepMilliseconds)
  }

  /// Training's memory is free again when this returns.
  private func trainTail(
    _ model: Model, _ plan: AdaptationPlan, _ cache: CutCache, _ photos: [CachedPhoto], _ unlabelled: [Int], classCount: Int,
    _ identity: AdaptationIdentity, task: String, path: String
  ) throws(Failure) -> (gate: AdaptationGate, file: AlignedMemory?, embeddings: [Float], stepMilliseconds: Double) {
    let adapter: TailTrainer
    do { adapter = try TailTrainer(model, plan, cache: cache) } catch { throw Failure(error, in: model, path: path) }
    let checkpoint = try checkpoint(identity, adapter, task: task)
    defer { if let failure = checkpoint.failure { warn("\(failure); the training could not have been resumed") } }
    note("asking held-out photos whether training helps: \(AdaptationGate.folds * plan.options.candidates.count) short trainings")
    let gate = AdaptationGate(adapter, photos, classCount: classCount, unlabelled: unlabelled, seed: seed, checkpoint: checkpoint)
    guard gate.takesTrained, let winner = gate.winner else { return (gate, nil, [], 0) }
    adapter.restart()
    var progress = Progress("Training", total: plan.options.steps)
    let start = monotonicNanoseconds()
    adapter.train(photos, classCount: classCount, unlabelled: unlabelled, seed: seed, as: winner.candidate, checkpoint: checkpoint)
    {
      progress.update(done: $0)
    }
    let milliseconds = Double(monotonicNanoseconds() - start) / 1e6 / Double(plan.options.steps)
    progress.finish()
    let embeddings = adapter.embeddings(photos.map(\.first))
    // Room for the copy of the file.
    adapter.trainer.releaseActivations()
    return (gate, adapter.trainer.trainedFile(), embeddings, milliseconds)
  }

  /// The encoder with all that was changed in it and with the way back to `before`; nil where nothing was.
  func change(
    of reader: PhotoReader, by outcome: FinetuneOutcome?, _ camera: CameraOutcome?, before: TaskFile
  ) throws(Failure) -> AdaptedEncoder? {
    let trained = outcome?.trained
    do {
      if let camera, camera.alignment.isAligned {
        let memory = AlignedMemory(copying: camera.alignment.file)
        return try withExtendedLifetime(memory) { () throws(ModelError) in
          try adapted(reader.model, try Model(validating: memory.bytes), trained, before)
        }
      }
      guard let trained else { return nil }
      return try withExtendedLifetime(trained) { () throws(ModelError) in try adapted(reader.model, trained.model, trained, before)
      }
    } catch { throw Failure(error, in: reader.path) }
  }

  private func adapted(_ original: Model, _ changed: Model, _ trained: TrainedEncoder?, _ before: TaskFile) throws(ModelError)
    -> AdaptedEncoder
  {
    try AdaptedEncoder(original, changed: changed, task: before, calibration: trained?.calibration, keepsStatistics: trained == nil)
  }

  /// The photos' embeddings by the network that will be written, and their mean cosine to `expected`, those of the tail as it
  /// trained.
  private func embed(_ inputs: LabelledPhotos, _ trained: TrainedEncoder, _ expected: [Float], of chosen: [Int]) throws -> (
    Knowledge, Double
  ) {
    let encoder = try PhotoEncoder(Encoder(memory: trained.memory, threads: runtime.threads))
    var inputs = inputs
    var (agreement, compared) = (0.0, 0)
    for index in inputs.photos.indices {
      let image: RGBImage
      do { image = try RGBImage(contentsOf: inputs.photos[index].path, options: encoder.decodingOptions) } catch {
        throw error.failure
      }
      inputs.photos[index].embedding = try encoder.embed(image)
      guard compared < chosen.count, chosen[compared] == index else { continue }
      let own = LearnedExample(identifier: 0, embedding: inputs.photos[index].embedding).embedding
      for i in own.indices { agreement += Double(own[i]) * Double(expected[compared * own.count + i]) }
      compared += 1
    }
    return (try inputs.knowledge(dimension: encoder.dimension), agreement / Double(max(1, compared)))
  }
}

/// An encoder with a trained tail, opened.
final class TrainedEncoder {
  let model: Model
  let calibration: Calibration
  let memory: AlignedMemory

  init(_ memory: AlignedMemory, _ calibration: Calibration) throws(ModelError) {
    self.memory = memory
    model = try Model(validating: memory.bytes)
    self.calibration = calibration
  }
}
