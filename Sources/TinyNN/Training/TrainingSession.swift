/// A tail being trained, in memory that the caller gave.
///
/// One step: put the examples' tensors at the cut into `cut(_:)`, `forward()`, write the loss's gradient by each embedding
/// into `embeddingGradient(_:)`, `backward()`; any number of such batches, then `step(_:)`. Weights are float32 while they
/// train. In an int8 network the forward pass rounds weights and activations to their int8 steps, so that what is trained is
/// what will run.
@safe public struct TrainingSession: ~Copyable {
  public let model: Model
  public let plan: TrainingPlan
  let layout: TrainingLayout
  let arena: Arena
  let kernels: Kernels
  public var progress = OptimizerProgress()

  /// A session in `arena`: at least `plan.arenaByteCount` bytes at a multiple of 64, used by nobody else while the session lives.
  /// - Throws: `arenaTooSmall` with both sizes, `arenaMisaligned`, or what `TrainingPlan` throws.
  @unsafe public init(_ model: Model, _ plan: TrainingPlan, arena: UnsafeMutableRawBufferPointer, kernels: Kernels = .best)
    throws(TrainingError)
  {
    guard arena.count >= plan.arenaByteCount, let base = arena.baseAddress else {
      throw TrainingError(.arenaTooSmall, found: arena.count, needed: plan.arenaByteCount)
    }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else {
      throw TrainingError(.arenaMisaligned, found: Int(bitPattern: base) % Format.alignment, needed: Format.alignment)
    }
    let layout = TrainingLayout(try Tail(model, plan.options))
    self.model = model
    self.plan = plan
    self.layout = layout
    // The caller's promise about the arena, see above.
    unsafe self.arena = Arena(base, byteCount: arena.count)
    self.kernels = kernels
    loadWeights()
  }

  /// Forgets everything learned: weights are the file's again, the optimizer's state is zero.
  public mutating func restart() {
    progress = OptimizerProgress()
    loadWeights()
  }

  private func loadWeights() {
    for index in 0..<layout.tail.count {
      for input in 1...2 where layout.tensors.blocks[layout.tensors.slot(index, input: input)] >= 0 {
        let weights = master(index, input)
        loadWeights(index, input, into: weights)
        guard layout.tail.trains(index, input: input) else { continue }
        for part in 0..<plan.options.stateCount {
          let values = state(index, input, part)
          for i in 0..<values.count { values[i] = 0 }
        }
        if plan.options.keepsAverage { copy(weights, to: average(index, input)) }
      }
    }
    roundWeights()
  }

  // MARK: Places

  /// The tensor at the cut of example `index` of the batch.
  public func cut(_ index: Int) -> Elements<Float> {
    let count = plan.cutCount
    return arena.elements(at: layout.tensors.values[0] + 4 * index * count, count: count)
  }

  public func embedding(_ index: Int) -> Elements<Float> { embeddings(index..<index + 1) }
  public func embeddingGradient(_ index: Int) -> Elements<Float> { embeddingGradients(index..<index + 1) }

  /// The gradient by the tensor at the cut after `backward()`; nil unless the options want it.
  public func cutGradient(_ index: Int) -> Elements<Float>? {
    guard plan.options.wantsCutGradient else { return nil }
    return arena.elements(at: layout.tensors.gradients[0] + 4 * index * plan.cutCount, count: plan.cutCount)
  }

  /// Those of consecutive examples: [examples][dimension].
  public func embeddings(_ examples: Range<Int>) -> Elements<Float> {
    values(of: examples, at: layout.tensors.values[layout.tail.embedding])
  }
  public func embeddingGradients(_ examples: Range<Int>) -> Elements<Float> {
    values(of: examples, at: layout.tensors.gradients[layout.tail.embedding])
  }

  /// The tensor of the model that crosses the cut.
  public var cutTensor: Int { layout.tail.cut }

  private func values(of examples: Range<Int>, at offset: Int) -> Elements<Float> {
    let dimension = layout.tail.shape(layout.tail.embedding).count / plan.options.batch
    return arena.elements(at: offset + 4 * examples.lowerBound * dimension, count: examples.count * dimension)
  }

  /// The weights that train, in float32.
  func master(_ index: Int, _ input: Int) -> Elements<Float> {
    let slot = layout.tensors.slot(index, input: input)
    return arena.elements(at: layout.tensors.blocks[slot], count: layout.tensors.counts[slot])
  }

  /// Gradient (0), optimizer state (1, 2), average (the last).
  func state(_ index: Int, _ input: Int, _ part: Int) -> Elements<Float> {
    let count = layout.tensors.counts[layout.tensors.slot(index, input: input)]
    return arena.elements(
      at: (layout.tensors.gradientOffset(index, input: input) ?? 0) + part * layout.tensors.stride(count), count: count)
  }

  func average(_ index: Int, _ input: Int) -> Elements<Float> { state(index, input, plan.options.stateCount - 1) }

  /// The gradient of weights (input 1) or bias (input 2) of the model's operator, in the file's packed layout; nil if it does
  /// not train.
  public func gradient(operator index: Int, input: Int) -> Elements<Float>? {
    let local = index - layout.tail.first
    return local >= 0 && local < layout.tail.count && layout.tail.trains(local, input: input) ? state(local, input, 0) : nil
  }

  /// What trains of the model's operator, as it is now, in the file's packed layout.
  public func weights(operator index: Int, input: Int) -> Elements<Float>? {
    let local = index - layout.tail.first
    return local >= 0 && local < layout.tail.count && layout.tail.trains(local, input: input) ? master(local, input) : nil
  }

  func copy(_ source: Elements<Float>, to target: Elements<Float>) {
    for i in 0..<source.count { target[i] = source[i] }
  }

  // MARK: Passes

  /// Runs the tail on all examples of the batch.
  public mutating func forward() {
    // The places outlive the pointer's use: they are this session's.
    unsafe withUnsafePointer(to: layout.tail.tensors) { tensors in
      let place = unsafe TrainingOperands.Ref(tensors)
      for index in 0..<plan.options.firstOperatorCount(in: model) where layout.tail.isActive[index] {
        // Cannot fail: the attributes were read when the file was checked.
        try? model.ask(layout.tail.record(index), Run(context: context(index, place)))
        roundActivations(index)
      }
    }
  }

  /// Adds the gradients of everything that trains, from the embeddings' gradients.
  public mutating func backward() {
    // As above.
    unsafe withUnsafePointer(to: layout.tail.tensors) { tensors in
      let place = unsafe TrainingOperands.Ref(tensors)
      for index in stride(from: plan.options.firstOperatorCount(in: model) - 1, through: 0, by: -1)
      where layout.tail.runsBackward(index) {
        let forward = context(index, place)
        clearGradients(firstWrittenBy: index)
        if let training = forward.training {
          try? model.ask(forward.record, RunBackward(context: BackwardContext(forward: forward, operands: training)))
        }
      }
    }
  }

  /// Forgets the weights' gradients: of a backward pass that only the gradient by the cut was wanted of.
  public mutating func clearGradients() {
    for index in 0..<layout.tail.count where layout.tail.isActive[index] {
      for input in 1...2 where layout.tail.trains(index, input: input) {
        let gradient = state(index, input, 0)
        for i in 0..<gradient.count { gradient[i] = 0 }
      }
    }
  }

  private func context(_ index: Int, _ place: TrainingOperands.Ref) -> OperatorContext {
    OperatorContext(
      model: model, record: model.operatorRecord(plan.options.firstOperator + index), arena: arena,
      scratchOffset: plan.weightByteCount + plan.stateByteCount + plan.activationByteCount, kernels: kernels, part: 0, parts: 1,
      training: TrainingOperands(places: place, arena: arena, index: index))
  }

  private func clearGradients(firstWrittenBy index: Int) {
    for local in 0...index where layout.tensors.gradients[local] >= 0 && layout.tail.lastReader[local] == index {
      let gradient: Elements<Float> = arena.elements(at: layout.tensors.gradients[local], count: layout.tail.shape(local).count)
      for i in 0..<gradient.count { gradient[i] = 0 }
    }
  }

  /// Rounds the result of an operator of an int8 network to the steps of its map.
  private func roundActivations(_ index: Int) {
    guard let map = model.tensor(layout.tail.outputTensor(index)).quantization else { return }
    let values: Elements<Float> = arena.elements(at: layout.tensors.values[index + 1], count: layout.tail.shape(index + 1).count)
    for i in 0..<values.count { values[i] = map.dequantize(map.quantize(values[i])) }
  }
}

extension TrainingOptions {
  func firstOperatorCount(in model: Model) -> Int { model.operatorCount - firstOperator }
}
