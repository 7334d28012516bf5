/// Where everything is in the training arena.
struct TrainingLayout: Sendable {
  private(set) var tail: Tail
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
      let question = TrainingScratch(
        operands: tail.operands(index), output: tail.shape(index + 1), runsBackward: tail.runsBackward(index))
      scratchByteCount = max(scratchByteCount, Format.aligned((try? tail.model.ask(tail.record(index), question)) ?? 0))
    }
  }

  /// Numbers and places.
  var tensors: TrainingTensors { _read { yield tail.tensors } }

  private mutating func placeWeights() {
    var offset = 0
    for index in 0..<tail.count where tail.isActive[index] {
      for input in 1...2 {
        let count = tail.weightCount(index, input: input), trains = tail.trains(index, input: input)
        guard count > 0, trains || tail.isInt8(index) else { continue }
        let slot = tensors.slot(index, input: input), stride = tensors.stride(count)
        tail.tensors.blocks[slot] = offset
        tail.tensors.counts[slot] = count
        let copies = tensors.hasRoundedCopy(index, input: input) ? 2 : 1, states = trains ? tail.options.stateCount : 0
        weightByteCount += copies * stride
        stateByteCount += states * stride
        trainedCount += trains ? count : 0
        offset += (copies + states) * stride
      }
    }
  }

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
      tail.tensors.values[local] = start + buffers[2 * local].offset
      if tail.wantsGradient[local] { tail.tensors.gradients[local] = start + buffers[2 * local + 1].offset }
    }
  }
}
