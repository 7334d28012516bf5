/// The operators of a model from a cut to the end: what trains, which gradients that takes, and how long each tensor lives.
///
/// Operators and tensors are numbered as in `TrainingTensors`.
struct Tail: Sendable {
  /// Operators of a tail and tensors of its model, at most.
  static let capacity = 120
  static let tensorCapacity = 1024

  let count: Int
  let options: TrainingOptions
  /// Numbers, and the places that a layout gives.
  var tensors: TrainingTensors
  /// True if the tail tensor gets a gradient.
  private(set) var wantsGradient = InlineArray<128, Bool>(repeating: false)
  /// The tail's operator that reads the tensor last; its gradient begins there. `count` for the embedding.
  private(set) var lastReader = InlineArray<128, Int>(repeating: -1)

  /// True for operators on which the embedding depends; the others do not run.
  private(set) var isActive = InlineArray<128, Bool>(repeating: false)

  init(_ model: Model, _ options: TrainingOptions) throws(TrainingError) {
    self.options = options
    let first = options.firstOperator
    tensors = TrainingTensors(model, first: first, batch: options.batch)
    count = model.operatorCount - first
    guard first >= 0, count >= 1 else { throw TrainingError(.cutOutOfRange, operator: first) }
    guard count <= Tail.capacity else { throw TrainingError(.tailTooLong, operator: first, found: count, needed: Tail.capacity) }
    guard model.tensorCount <= Tail.tensorCapacity else {
      throw TrainingError(.tailTooLong, operator: first, found: model.tensorCount, needed: Tail.tensorCapacity)
    }
    try findActive()
    findTrained()
    wantsGradient[0] = options.wantsCutGradient
    var trainsAny = false
    for index in 0..<count where isActive[index] {
      let record = model.operatorRecord(first + index)
      var gradient = trains(index, input: 1) || trains(index, input: 2)
      trainsAny = trainsAny || gradient
      for position in 0..<record.inputCount {
        guard let tensor = model.operand(record, position), model.tensor(tensor).storage == .arena else { continue }
        if local(tensor) < 0 {
          guard cut < 0 else { throw TrainingError(.cutCrossedTwice, operator: first + index) }
          tensors.setCut(tensor)
        }
        gradient = gradient || wantsGradient[local(tensor)]
        lastReader[local(tensor)] = index
      }
      tensors.numberOutput(index)
      let output = model.tensor(outputTensor(index)).type.shape
      guard output.rank >= 1, output[0] == 1 else { throw TrainingError(.batchAxis, operator: first + index) }
      wantsGradient[index + 1] = gradient
      // Those without a gradient may not be ready for a batch either; a constant part of a concatenation is not.
      guard let reads = reads(index), !reads.takesComputedInputsOnly || inputsAreActivations(record) else {
        throw TrainingError(.notDifferentiable, operator: first + index)
      }
    }
    let shape = cut >= 0 ? model.tensor(cut).type.shape : Shape()
    guard shape.rank >= 1, shape[0] == 1 else { throw TrainingError(.batchAxis, operator: first) }
    guard trainsAny else { throw TrainingError(.nothingTrains, operator: first) }
    lastReader[embedding] = count
  }

  private func inputsAreActivations(_ record: OperatorRecord) -> Bool {
    for position in 0..<record.inputCount {
      guard let tensor = model.operand(record, position), model.tensor(tensor).storage == .arena else { return false }
    }
    return true
  }

  private mutating func findActive() throws(TrainingError) {
    var hasEmbedding = false
    for index in stride(from: count - 1, through: 0, by: -1) {
      guard record(index).outputCount == 1 else { throw TrainingError(.notDifferentiable, operator: first + index) }
      let output = outputTensor(index)
      var active = output == model.output(0)
      hasEmbedding = hasEmbedding || active
      for later in index + 1..<max(index + 1, count) where isActive[later] && !active {
        let record = record(later)
        for position in 0..<record.inputCount where model.operand(record, position) == output { active = true }
      }
      isActive[index] = active
    }
    guard hasEmbedding else { throw TrainingError(.outputOutside, operator: first) }
  }

  /// The tail tensor of the embedding.
  var embedding: Int { local(model.output(0)) }

  var model: Model { tensors.model }
  var first: Int { tensors.first }
  var cut: Int { tensors.cut }
  func record(_ index: Int) -> OperatorRecord { tensors.record(index) }
  func outputTensor(_ index: Int) -> Int { tensors.outputTensor(index) }
  func local(_ tensor: Int) -> Int { tensors.local(tensor) }
  func shape(_ local: Int) -> Shape { tensors.shape(local) }
  func trains(_ index: Int, input: Int) -> Bool { tensors.trains(index, input: input) }

  private mutating func findTrained() {
    for index in 0..<count where !model.sharesWeights(ofOperator: first + index) {
      if options.weights.contains(first + index), weightCount(index, input: 1) > 0 {
        tensors.trainedWeights.insert(index)
        if isInt8(index) { tensors.rounded.insert(index) }
      }
      if options.biases.contains(first + index), weightCount(index, input: 2) > 0 { tensors.trainedBiases.insert(index) }
    }
  }

  /// True if `backward` runs for this operator.
  func runsBackward(_ index: Int) -> Bool { isActive[index] && wantsGradient[index + 1] }

  /// True if the operator has int8 weights.
  func isInt8(_ index: Int) -> Bool {
    guard let weights = model.operand(record(index), 1) else { return false }
    return model.tensor(weights).storage == .constant && model.tensor(weights).type.elementType == .int8
  }

  /// Elements of the packed float32 weights (input 1) or bias (input 2) of an operator; 0 where it has none.
  func weightCount(_ index: Int, input: Int) -> Int {
    (try? model.ask(record(index), TrainedCount(input: input, operands: operands(index)))) ?? 0
  }

  func operands(_ index: Int) -> FloatOperands { FloatOperands(model: model, record: record(index), batch: options.batch) }

  /// The last moment at which the value is read: forward moments are 0 ..< count, operator k runs backward at 2 count - 1 - k.
  func lastUse(_ local: Int) -> Int {
    var last = max(lastReader[local], local - 1)
    if local > 0, runsBackward(local - 1), reads(local - 1)?.output == true { last = 2 * count - local }
    for index in stride(from: count - 1, through: 0, by: -1) where runsBackward(index) {
      guard let reads = reads(index), isInput(local, of: index) else { continue }
      if reads.inputs == .always || (reads.inputs == .forWeights && trains(index, input: 1)) {
        last = max(last, 2 * count - 1 - index)
      }
    }
    return last
  }

  func isInput(_ local: Int, of index: Int) -> Bool {
    let record = record(index), tensor = tensors.tensor(local)
    for position in 0..<record.inputCount where model.operand(record, position) == tensor { return true }
    return false
  }

  func reads(_ index: Int) -> Differentiation? { (try? model.ask(record(index), FindDifferentiation())) ?? nil }
}
