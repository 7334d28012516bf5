import FewShot
import HostRuntime
import TinyNN

/// One training under way: its objectives and what they draw.
final class TrainingRun {
  struct Part {
    let kind: ObjectiveKind
    /// Its number among the objectives that could train.
    let index: Int
    let objective: any Objective
    /// Its rows of the batch.
    let rows: Range<Int>
  }

  let parts: [Part]
  var batches: BatchDraw
  let tail: TailTrainer
  /// Of what is drawn besides the batches.
  let seed: UInt64
  private let photos: [CachedPhoto]
  private let prototypes: EmbeddingMatrix
  private let learningRate: Float
  private let averaged: AlignedMemory?
  /// Embeddings of rows before they are pushed at the cut.
  let unperturbed: AlignedMemory?
  /// A tensor at the cut that is mixed into another.
  private let mate: AlignedMemory?

  /// Rows of all parts come from `batches`. `photos`: those with a label first; `prototypes` must stay while the training runs.
  init(
    _ tail: TailTrainer, _ photos: [CachedPhoto], prototypes: EmbeddingMatrix, seed: UInt64, learningRate: Float, _ parts: [Part],
    _ batches: BatchDraw
  ) {
    self.tail = tail
    self.seed = seed
    self.photos = photos
    self.prototypes = prototypes
    self.learningRate = learningRate
    self.parts = parts
    self.batches = batches
    let needsAverage = parts.contains { type(of: $0.objective).usesAverage }
    averaged = needsAverage ? AlignedMemory(byteCount: 4 * batches.rows.count * prototypes.dimension) : nil
    let perturbs = parts.contains { type(of: $0.objective).perturbation != nil }
    unperturbed = perturbs ? AlignedMemory(byteCount: 4 * batches.rows.count * prototypes.dimension) : nil
    let mixes = parts.contains { type(of: $0.objective).rows.mixes }
    mate = mixes ? AlignedMemory(byteCount: 4 * tail.plan.training.cutCount) : nil
    tail.recorder.clear()
  }

  /// The prototypes, and `auxiliaries` beside them.
  convenience init(
    _ tail: TailTrainer, _ photos: [CachedPhoto], prototypes: EmbeddingMatrix, seed: UInt64, _ auxiliaries: [ObjectiveKind]
  ) {
    let options = tail.plan.options, hasUnlabelled = photos.contains { $0.label < 0 }
    let kinds = options.objectives.filter { kind in
      (!kind.type.isAuxiliary || auxiliaries.contains(kind)) && (kind.type.rows.photos != .unlabelled || hasUnlabelled)
    }
    var random = CounterRandom(seed: seed ^ 0x7461_696C)
    var parts: [Part] = []
    for (kind, rows) in zip(kinds, options.rows(of: kinds)) where !rows.isEmpty {
      let shape = ObjectiveShape(
        dimension: prototypes.dimension, classCount: prototypes.count, photoCount: photos.count, rowCount: rows.count)
      let objective = tail.objectives.objective(kind, shape)
      objective.reset(random: &random)
      parts.append(Part(kind: kind, index: options.objectives.firstIndex(of: kind)!, objective: objective, rows: rows))
    }
    let views = options.viewPlaces
    let drawn = parts.map { BatchDraw.Part(recipe: $0.kind.type.rows, views: views[$0.index], rows: $0.rows) }
    self.init(
      tail, photos, prototypes: prototypes, seed: seed, learningRate: options.learningRate,
      parts, BatchDraw(photos, drawn, random))
  }

  /// Step `step`, from 0, of the plan's.
  func step(_ step: Int) {
    let phase = Float(step) / Float(tail.plan.options.steps)
    prepare(step)
    batches.next()
    if let averaged {
      tail.trainer.session.exchangeAverage()
      forward()
      keepEmbeddings(in: averaged)
      tail.trainer.session.exchangeAverage()
    }
    forward()
    if let unperturbed {
      keepEmbeddings(in: unperturbed)
      perturb(step, phase)
    }
    for part in parts { tail.recorder.add(loss(part, phase), objective: part.index, step: step) }
    tail.trainer.session.backward()
    let rate = learningRate * CosineSchedule.factor(phase)
    tail.trainer.session.step(OptimizerStep(learningRate: rate))
    for part in parts { part.objective.update(learningRate: rate, step: step + 1) }
  }

  private func keepEmbeddings(in memory: AlignedMemory) {
    let embeddings = tail.trainer.session.embeddings(0..<batches.rows.count)
    for i in 0..<embeddings.count { memory.floats[i] = embeddings[i] }
  }

  private func prepare(_ step: Int) {
    for part in parts {
      let interval = type(of: part.objective).preparationInterval
      guard interval > 0, step % interval == 0 else { continue }
      tail.embeddings(photos.map(\.first)).withUnsafeBufferPointer { rows in
        // Read only, during this call.
        part.objective.prepare(
          EmbeddingMatrix(rows.baseAddress!, count: photos.count, dimension: prototypes.dimension), prototypes: prototypes)
      }
    }
  }

  private func forward() {
    loadCuts()
    tail.trainer.session.forward()
  }

  func loadCuts() {
    for (row, place) in batches.places.enumerated() {
      let cut = tail.trainer.session.cut(row), share = batches.rows[row].share
      tail.cache.load(place, to: cut)
      guard let mate, share < 1 else { continue }
      tail.cache.load(batches.matePlaces[row], to: mate.floats)
      for i in 0..<cut.count { cut[i] = share * cut[i] + (1 - share) * mate.floats[i] }
    }
  }

  func loss(_ part: Part, _ phase: Float) -> Float {
    let dimension = prototypes.dimension
    return batches.withRows(part.rows) { rows in
      part.objective.loss(
        ObjectiveBatch(
          rows: rows, embeddings: tail.trainer.session.embeddings(part.rows),
          gradients: tail.trainer.session.embeddingGradients(part.rows),
          averaged: averaged?.floats.slice(part.rows.lowerBound * dimension, part.rows.count * dimension),
          unperturbed: unperturbed?.floats.slice(part.rows.lowerBound * dimension, part.rows.count * dimension),
          prototypes: prototypes, weight: type(of: part.objective).weight(phase: phase)))
    }
  }
}
