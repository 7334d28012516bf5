/// The memory of training a tail, known before anything runs.
///
///     arena:  | weights and their state | activations and gradients | scratch of the running operator |
///
/// Weights: float32 copies of everything that trains and, in an int8 network, of all weights of the tail; beside what trains
/// its gradient, the optimizer's state, and its average. Activations live until the last operator, forward or backward, that
/// reads them; gradients from the last reader of their tensor to its producer. One arena may serve inference and training
/// only one after the other: training does not use the session's.
public struct TrainingPlan: Sendable {
  public let options: TrainingOptions
  /// Bytes of weights, and of what trains in them: gradients, optimizer state and averages.
  public let weightByteCount: Int
  public let stateByteCount: Int
  /// Bytes of activations and their gradients.
  public let activationByteCount: Int
  public let scratchByteCount: Int
  /// float32 values that train.
  public let trainedCount: Int
  /// float32 values of the tensor at the cut, for one example.
  public let cutCount: Int
  /// The tensor of the model that crosses the cut.
  public let cutTensor: Int
  /// What the arena must hold.
  public var arenaByteCount: Int { weightByteCount + stateByteCount + activationByteCount + scratchByteCount }

  public init(for model: Model, _ options: TrainingOptions) throws(TrainingError) {
    let layout = TrainingLayout(try Tail(model, options))
    self.options = options
    weightByteCount = layout.weightByteCount
    stateByteCount = layout.stateByteCount
    activationByteCount = layout.activationByteCount
    scratchByteCount = layout.scratchByteCount
    trainedCount = layout.trainedCount
    cutTensor = layout.tail.cut
    cutCount = model.tensor(layout.tail.cut).type.shape.count
  }
}

/// Where everything is in the training arena.
struct TrainingLayout: Sendable {
  let tail: Tail
  /// Weights (even) and bias (odd) of each operator: where their block starts, -1 where they stay in the file.
  private(set) var blocks = InlineArray<256, Int>(repeating: -1)
  private(set) var counts = InlineArray<256, Int>(repeating: 0)
  /// Value and gradient of each tail tensor; -1 for a gradient that nobody wants.
  private(set) var values = InlineArray<128, Int>(repeating: -1)
  private(set) var gradients = InlineArray<128, Int>(repeating: -1)
  private(set) var weightByteCount = 0
  private(set) var stateByteCount = 0
  private(set) var trainedCount = 0
  private(set) var activationByteCount = 0
  private(set) var scratchByteCount = 0

  init(_ tail: Tail) {
    self.tail = tail
    placeWeights()
    placeActivations()
    for index in 0..<tail.count where tail.isActive[index] {
      var size = TrainingScratch(operands: FloatOperands(tail: tail, index: index), output: tail.shape(index + 1))
      scratchByteCount = max(scratchByteCount, Format.aligned((try? tail.record(index).kind.accept(&size)) ?? 0))
    }
  }

  /// An int8 network's weights are rounded to their int8 steps in a copy of their own.
  func hasRoundedCopy(_ index: Int, input: Int) -> Bool { input == 1 && tail.isInt8(index) && tail.trainsWeights(index) }

  func slot(_ index: Int, input: Int) -> Int { 2 * index + input - 1 }

  private mutating func placeWeights() {
    var offset = 0
    for index in 0..<tail.count where tail.isActive[index] {
      for input in 1...2 {
        let count = tail.weightCount(index, input: input), trains = tail.trains(index, input: input)
        guard count > 0, trains || tail.isInt8(index) else { continue }
        let slot = slot(index, input: input)
        (blocks[slot], counts[slot]) = (offset, count)
        let copies = hasRoundedCopy(index, input: input) ? 2 : 1, states = trains ? tail.options.stateCount : 0
        weightByteCount += copies * stride(count)
        stateByteCount += states * stride(count)
        trainedCount += trains ? count : 0
        offset += (copies + states) * stride(count)
      }
    }
  }

  /// Where the gradient of a trained weight is; behind it are the optimizer's state and the average.
  func gradientOffset(_ index: Int, input: Int) -> Int? {
    guard tail.trains(index, input: input) else { return nil }
    let slot = slot(index, input: input)
    return blocks[slot] + (hasRoundedCopy(index, input: input) ? 2 : 1) * stride(counts[slot])
  }

  func stride(_ count: Int) -> Int { Format.aligned(4 * count) }

  private mutating func placeActivations() {
    var buffers = InlineArray<256, MemoryPlanner.Buffer>(repeating: .init(byteCount: 0, first: 0, last: -1))
    for local in 0...tail.count where local == 0 || tail.isActive[local - 1] {
      let bytes = 4 * tail.shape(local).count
      let born = max(0, local - 1)
      buffers[2 * local] = .init(
        byteCount: bytes, first: born, last: max(tail.lastUse(local), local == tail.embedding ? tail.count : 0))
      if tail.wantsGradient[local] {
        buffers[2 * local + 1] = .init(
          byteCount: bytes, first: 2 * tail.count - 1 - tail.lastReader[local], last: 2 * tail.count - local)
      }
    }
    var span = buffers.mutableSpan
    activationByteCount = MemoryPlanner.place(&span)
    let start = weightByteCount + stateByteCount
    for local in 0...tail.count where local == 0 || tail.isActive[local - 1] {
      values[local] = start + buffers[2 * local].offset
      if tail.wantsGradient[local] { gradients[local] = start + buffers[2 * local + 1].offset }
    }
  }
}

private struct TrainingScratch: OperatorVisitor {
  let operands: FloatOperands
  let output: Shape

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Int {
    let tail = operands.tail
    var reader = AttributeReader(tail.model.attributes(tail.record(operands.index)))
    let instance = try O(decoding: &reader)
    let forward = instance.scratchByteCount(of: operands, output: TensorType(.float32, output), parts: 1)
    return max(forward, tail.runsBackward(operands.index) ? instance.backwardScratchByteCount(of: operands, output: output) : 0)
  }
}
