/// The operators of a model from a cut to the end: what trains, which gradients that takes, and how long each tensor lives.
///
/// Tail tensors are numbered: 0 is the tensor at the cut, k + 1 is the output of the tail's operator k.
struct Tail: Sendable {
  /// Operators of a tail and tensors of its model, at most.
  static let capacity = 120
  static let tensorCapacity = 1024

  let model: Model
  let first: Int
  let count: Int
  let options: TrainingOptions
  private(set) var cut = -1
  /// The number of each of the model's tensors in the tail, -1 for the others.
  private var places = InlineArray<1024, Int16>(repeating: -1)
  /// True if the tail tensor gets a gradient.
  private(set) var wantsGradient = InlineArray<128, Bool>(repeating: false)
  /// The tail's operator that reads the tensor last; its gradient begins there. `count` for the embedding.
  private(set) var lastReader = InlineArray<128, Int>(repeating: -1)

  /// True for operators on which the embedding depends; the others do not run.
  private(set) var isActive = InlineArray<128, Bool>(repeating: false)

  init(_ model: Model, _ options: TrainingOptions) throws(TrainingError) {
    self.model = model
    self.options = options
    first = options.firstOperator
    count = model.operatorCount - first
    guard first >= 0, count >= 1 else { throw TrainingError(.cutOutOfRange, operator: first) }
    guard count <= Tail.capacity else { throw TrainingError(.tailTooLong, operator: first, found: count, needed: Tail.capacity) }
    guard model.tensorCount <= Tail.tensorCapacity else {
      throw TrainingError(.tailTooLong, operator: first, found: model.tensorCount, needed: Tail.tensorCapacity)
    }
    try findActive()
    for index in 0..<count where isActive[index] {
      let record = model.operatorRecord(first + index)
      var gradient = trainsWeights(index) || trainsBias(index)
      for position in 0..<record.inputCount {
        guard let tensor = model.operand(record, position), model.tensor(tensor).storage == .arena else { continue }
        if local(tensor) < 0 {
          guard cut < 0 else { throw TrainingError(.cutCrossedTwice, operator: first + index) }
          cut = tensor
          places[tensor] = 0
        }
        gradient = gradient || wantsGradient[local(tensor)]
        lastReader[local(tensor)] = index
      }
      places[outputTensor(index)] = Int16(truncatingIfNeeded: index + 1)
      let output = model.tensor(outputTensor(index)).type.shape
      guard output.rank >= 1, output[0] == 1 else { throw TrainingError(.batchAxis, operator: first + index) }
      wantsGradient[index + 1] = gradient
      // Those without a gradient may not be ready for a batch either; a constant part of a concatenation is not.
      guard reads(index) != nil, record.kind != .concatenate || inputsAreActivations(record) else {
        throw TrainingError(.notDifferentiable, operator: first + index)
      }
    }
    let shape = cut >= 0 ? model.tensor(cut).type.shape : Shape()
    guard shape.rank >= 1, shape[0] == 1 else { throw TrainingError(.batchAxis, operator: first) }
    guard wantsGradient[embedding] else { throw TrainingError(.nothingTrains, operator: first) }
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

  func record(_ index: Int) -> OperatorRecord { model.operatorRecord(first + index) }

  func outputTensor(_ index: Int) -> Int {
    let record = record(index)
    guard let tensor = model.operand(record, record.inputCount) else { preconditionFailure("an operator without an output") }
    return tensor
  }

  /// The model's tensor behind a tail tensor.
  func tensor(_ local: Int) -> Int { local == 0 ? cut : outputTensor(local - 1) }

  /// The number of a tensor in the tail, -1 for constants and the trunk's tensors.
  func local(_ tensor: Int) -> Int { Int(truncatingIfNeeded: places[tensor]) }

  /// The shape of a tail tensor with the batch in axis 0.
  func shape(_ local: Int) -> Shape { batched(model.tensor(tensor(local)).type.shape) }

  func batched(_ shape: Shape) -> Shape {
    var shape = shape
    shape[0] = options.batch
    return shape
  }

  func trainsWeights(_ index: Int) -> Bool { options.weights.contains(first + index) && isTrainable(index, input: 1) }
  func trainsBias(_ index: Int) -> Bool { options.biases.contains(first + index) && isTrainable(index, input: 2) }
  private func isTrainable(_ index: Int, input: Int) -> Bool {
    weightCount(index, input: input) > 0 && !model.sharesWeights(ofOperator: first + index)
  }
  func trains(_ index: Int, input: Int) -> Bool { input == 1 ? trainsWeights(index) : trainsBias(index) }

  /// True if `backward` runs for this operator.
  func runsBackward(_ index: Int) -> Bool { isActive[index] && wantsGradient[index + 1] }

  /// True if the operator has int8 weights.
  func isInt8(_ index: Int) -> Bool {
    guard let weights = model.operand(record(index), 1) else { return false }
    return model.tensor(weights).storage == .constant && model.tensor(weights).type.elementType == .int8
  }

  /// Elements of the packed float32 weights (input 1) or bias (input 2) of an operator; 0 where it has none.
  func weightCount(_ index: Int, input: Int) -> Int {
    var count = PackedCount(input: input, operands: FloatOperands(tail: self, index: index))
    guard let found = try? record(index).kind.accept(&count) else { return 0 }
    return found
  }

  /// The last moment at which the value is read: forward moments are 0 ..< count, operator k runs backward at 2 count - 1 - k.
  func lastUse(_ local: Int) -> Int {
    var last = max(lastReader[local], local - 1)
    if local > 0, runsBackward(local - 1), reads(local - 1)?.output == true { last = 2 * count - local }
    for index in stride(from: count - 1, through: 0, by: -1) where runsBackward(index) {
      guard let reads = reads(index), isInput(local, of: index) else { continue }
      if reads.inputs == .always || (reads.inputs == .forWeights && trainsWeights(index)) {
        last = max(last, 2 * count - 1 - index)
      }
    }
    return last
  }

  func isInput(_ local: Int, of index: Int) -> Bool {
    let record = record(index), tensor = tensor(local)
    for position in 0..<record.inputCount where model.operand(record, position) == tensor { return true }
    return false
  }

  func reads(_ index: Int) -> Differentiation? {
    var query = DifferentiationQuery(attributes: model.attributes(record(index)))
    return (try? record(index).kind.accept(&query)) ?? nil
  }
}

/// The operands of a tail's operator as training sees them: float32, the batch in axis 0, without int8 multipliers.
struct FloatOperands: OperandTypes {
  let tail: Tail
  let index: Int

  var inputCount: Int { tail.record(index).inputCount }

  func inputType(_ position: Int) -> TensorType? {
    guard position < inputCount, let tensor = tail.model.operand(tail.record(index), position) else { return nil }
    let record = tail.model.tensor(tensor)
    return TensorType(.float32, record.storage == .arena ? tail.batched(record.type.shape) : record.type.shape)
  }
}

private struct PackedCount: OperatorVisitor {
  let input: Int
  let operands: FloatOperands

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Int {
    var reader = AttributeReader(operands.tail.model.attributes(operands.tail.record(operands.index)))
    return try O(decoding: &reader).trainedCount(ofInput: input, of: operands)
  }
}

private struct DifferentiationQuery: OperatorVisitor {
  let attributes: ByteRegion

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Differentiation? {
    var reader = AttributeReader(attributes)
    return try O(decoding: &reader).differentiation
  }
}
