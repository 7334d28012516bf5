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

  /// - Parameter arena: at least `plan.arenaByteCount` bytes at a multiple of 64, used by nobody else while the session lives.
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
    restart()
  }

  /// Forgets everything learned: weights are the file's again, the optimizer's state is zero.
  public mutating func restart() {
    progress = OptimizerProgress()
    for index in 0..<layout.tail.count {
      for input in 1...2 where layout.blocks[layout.slot(index, input: input)] >= 0 {
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
    return arena.elements(at: layout.values[0] + 4 * index * count, count: count)
  }

  public func embedding(_ index: Int) -> Elements<Float> { example(index, at: layout.values[layout.tail.embedding]) }
  /// Those of consecutive examples: [examples][dimension].
  public func embeddings(_ examples: Range<Int>) -> Elements<Float> {
    run(examples, at: layout.values[layout.tail.embedding])
  }
  public func embeddingGradients(_ examples: Range<Int>) -> Elements<Float> {
    run(examples, at: layout.gradients[layout.tail.embedding])
  }
  public func embeddingGradient(_ index: Int) -> Elements<Float> { example(index, at: layout.gradients[layout.tail.embedding]) }

  /// The tensor of the model that crosses the cut.
  public var cutTensor: Int { layout.tail.cut }

  private func example(_ index: Int, at offset: Int) -> Elements<Float> { run(index..<index + 1, at: offset) }

  private func run(_ examples: Range<Int>, at offset: Int) -> Elements<Float> {
    let dimension = layout.tail.shape(layout.tail.embedding).count / plan.options.batch
    return arena.elements(at: offset + 4 * examples.lowerBound * dimension, count: examples.count * dimension)
  }

  /// The weights that train, in float32.
  func master(_ index: Int, _ input: Int) -> Elements<Float> {
    let slot = layout.slot(index, input: input)
    return arena.elements(at: layout.blocks[slot], count: layout.counts[slot])
  }

  /// Gradient (0), optimizer state (1, 2), average (the last).
  func state(_ index: Int, _ input: Int, _ part: Int) -> Elements<Float> {
    let count = layout.counts[layout.slot(index, input: input)]
    return arena.elements(at: (layout.gradientOffset(index, input: input) ?? 0) + part * layout.stride(count), count: count)
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
    // The layout outlives the pointer's use: it is this session's.
    unsafe withUnsafePointer(to: layout) { layout in
      let place = unsafe TrainingOperands.Ref(layout)
      for index in 0..<plan.options.firstOperatorCount(in: model) where place.value.tail.isActive[index] {
        var runner = ForwardRunner(context: context(index, place))
        // Cannot fail: the attributes were read when the file was checked.
        try? model.operatorRecord(plan.options.firstOperator + index).kind.accept(&runner)
        roundActivations(index)
      }
    }
  }

  /// Adds the gradients of everything that trains, from the embeddings' gradients.
  public mutating func backward() {
    // As above.
    unsafe withUnsafePointer(to: layout) { layout in
      let place = unsafe TrainingOperands.Ref(layout)
      for index in stride(from: plan.options.firstOperatorCount(in: model) - 1, through: 0, by: -1)
      where place.value.tail.runsBackward(index) {
        let forward = context(index, place)
        clearGradients(firstWrittenBy: index)
        if let training = forward.training {
          var runner = BackwardRunner(context: BackwardContext(forward: forward, operands: training))
          try? forward.record.kind.accept(&runner)
        }
      }
    }
  }

  private func context(_ index: Int, _ place: TrainingOperands.Ref) -> OperatorContext {
    OperatorContext(
      model: model, record: model.operatorRecord(plan.options.firstOperator + index), arena: arena,
      scratchOffset: plan.weightByteCount + plan.stateByteCount + plan.activationByteCount, kernels: kernels, part: 0, parts: 1,
      training: TrainingOperands(layout: place, arena: arena, index: index))
  }

  private func clearGradients(firstWrittenBy index: Int) {
    for local in 0...index where layout.gradients[local] >= 0 && layout.tail.lastReader[local] == index {
      let gradient: Elements<Float> = arena.elements(at: layout.gradients[local], count: layout.tail.shape(local).count)
      for i in 0..<gradient.count { gradient[i] = 0 }
    }
  }

  /// Rounds the result of an operator of an int8 network to the steps of its map.
  private func roundActivations(_ index: Int) {
    guard let map = model.tensor(layout.tail.outputTensor(index)).quantization else { return }
    let values: Elements<Float> = arena.elements(at: layout.values[index + 1], count: layout.tail.shape(index + 1).count)
    for i in 0..<values.count { values[i] = map.dequantize(map.quantize(values[i])) }
  }
}

extension TrainingOptions {
  func firstOperatorCount(in model: Model) -> Int { model.operatorCount - firstOperator }
}

private struct ForwardRunner: OperatorVisitor {
  let context: OperatorContext

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) {
    var reader = AttributeReader(context.model.attributes(context.record))
    try O(decoding: &reader).run(context)
  }
}

private struct BackwardRunner: OperatorVisitor {
  let context: BackwardContext

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) {
    var reader = AttributeReader(context.forward.model.attributes(context.forward.record))
    try O(decoding: &reader).backward(context)
  }
}
