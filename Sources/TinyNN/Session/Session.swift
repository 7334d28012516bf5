/// A model ready to run in memory that the caller gave: it allocates nothing and touches nothing else.
///
/// One session runs one inference at a time; several sessions may share a model.
@safe public struct Session: ~Copyable {
  public let plan: InferencePlan
  private var job: Job
  let workers: Workers

  public var model: Model { job.model }
  var arena: Arena { job.arena }
  var kernels: Kernels { job.kernels }

  /// A session in `arena`: at least `plan.arenaByteCount` bytes at an address that is a multiple of 64, valid and used by nobody
  /// else while the session lives.
  /// - Throws: `arenaTooSmall` with both sizes, or `arenaMisaligned`.
  @unsafe public init(
    _ model: Model, _ plan: InferencePlan, arena: UnsafeMutableRawBufferPointer, kernels: Kernels = .best, workers: Workers = .none
  ) throws(ModelError) {
    guard arena.count >= plan.arenaByteCount, let base = arena.baseAddress else {
      throw ModelError(.arenaTooSmall, found: arena.count, needed: plan.arenaByteCount)
    }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else {
      throw ModelError(.arenaMisaligned, found: Int(bitPattern: base) % Format.alignment, needed: Format.alignment)
    }
    self.plan = plan
    // The caller's promise about the arena, see above.
    let memory = unsafe Arena(base, byteCount: arena.count)
    job = Job(model: model, arena: memory, scratchOffset: plan.activationByteCount, kernels: kernels)
    self.workers = workers
  }

  /// Input `index` of the network, to be filled before each run, in the model's layout (images are NHWC): float32, or int8
  /// where the file says so; `Tensor.setValue` does either. The memory is reused while the network runs.
  public func input(_ index: Int = 0) -> Tensor { arena.tensor(model.input(index), of: model) }

  /// Output `index` of the network, valid until the next run; output 0 is the embedding.
  public func output(_ index: Int = 0) -> Tensor { arena.tensor(model.output(index), of: model) }

  /// Runs the network once.
  public mutating func run() {
    for index in 0..<model.operatorCount { runOperator(index) }
  }

  /// Runs the operators before `end`: the trunk of a network whose tail is trained.
  public mutating func run(until end: Int) {
    for index in 0..<end { runOperator(index) }
  }

  /// A tensor of the network, valid until an operator that may share its memory runs.
  public func tensor(_ index: Int) -> Tensor { arena.tensor(index, of: model) }

  /// Copies a tensor of the network as real values: float32 as they are, int8 dequantized. It must be alive now.
  public func copyValues(ofTensor index: Int, to target: Elements<Float>) {
    let tensor = arena.tensor(index, of: model)
    for i in 0..<target.count { target[i] = tensor.value(at: i) }
  }

  /// Fills input 0 with real values, quantized where the network takes int8.
  public mutating func setInput(_ values: Elements<Float>) {
    let input = input(0)
    for i in 0..<values.count { input.setValue(values[i], at: i) }
  }

  /// Runs operator `index` alone, for profiles: its inputs must be what the operators before it left.
  @inline(never)
  public mutating func runOperator(_ index: Int) {
    let parts = partCount(index)
    if OperatorSelection.hasFloat, parts > 1, let run = unsafe workers.run {
      // The pool returns only when all parts are done, so the pointer outlives its use.
      unsafe withUnsafeMutablePointer(to: &job) { job in
        unsafe run(
          workers.pool, Int32(parts),
          { job, index, part, parts in
            unsafe job.assumingMemoryBound(to: Job.self).pointee.run(Int(index), part: Int(part), of: Int(parts))
          }, UnsafeMutableRawPointer(job), Int32(truncatingIfNeeded: index))
      }
    } else {
      job.run(index, part: 0, of: 1)
    }
  }

  /// Steps of `Model.work` below which another thread does not pay: to tell it costs as much. Small operators are divided, too,
  /// because what a thread wrote into its own cache is dear to fetch for another: several times what multiplying it costs.
  private static let stepsOfPart = 2_500

  /// How many threads pay for an operator.
  private func partCount(_ index: Int) -> Int {
    let limit = min(plan.threads, workers.count)
    guard OperatorSelection.hasFloat, limit > 1 else { return 1 }
    return max(1, min(limit, model.work(ofOperator: index) / Session.stepsOfPart))
  }
}

/// What all threads that run parts of operators share; it never changes.
private struct Job {
  let model: Model
  let arena: Arena
  let scratchOffset: Int
  let kernels: Kernels

  func run(_ index: Int, part: Int, of parts: Int) {
    let record = model.operatorRecord(index)
    let context = OperatorContext(
      model: model, record: record, arena: arena, scratchOffset: scratchOffset, kernels: kernels, part: part, parts: parts)
    // Cannot fail: the attributes were read when the file was checked.
    try? model.ask(record, Run(context: context))
  }
}

extension Model {
  /// The cost of an operator in steps of roughly four float32 multiply-adds or two elements, a tenth of a nanosecond on current
  /// machines.
  fileprivate func work(ofOperator index: Int) -> Int {
    let record = operatorRecord(index)
    guard let output = operand(record, record.inputCount) else { return 0 }
    // An instruction multiplies twice as many int8 values.
    return multiplyAdds(ofOperator: index) / (operands(of: record).isInt8(0) ? 8 : 4) + tensor(output).type.shape.count / 2
  }
}
