/// The tensors of a tail that is trained: their numbers, their shapes, and where they are in the training arena.
///
/// Tail tensors are numbered: 0 is the tensor at the cut, k + 1 is the output of the tail's operator k. Whoever plans a training
/// fills in the places; operators only look them up.
struct TrainingTensors: Sendable {
  let model: Model
  /// The model's operator with which the tail begins.
  let first: Int
  let batch: Int
  /// The model's tensor at the cut, -1 as long as it is not known.
  private(set) var cut = -1
  /// The number of each of the model's tensors in the tail, -1 for the others.
  private var numbers = InlineArray<1024, Int16>(repeating: -1)
  /// Operators, by their number in the tail, whose weights train, and whose biases do.
  var trainedWeights = OperatorSet()
  var trainedBiases = OperatorSet()
  /// Operators whose trained weights are rounded to int8 steps in a copy of their own.
  var rounded = OperatorSet()
  /// Value and gradient of each tail tensor; -1 for a gradient that nobody wants.
  var values = InlineArray<128, Int>(repeating: -1)
  var gradients = InlineArray<128, Int>(repeating: -1)
  /// Weights (even) and bias (odd) of each operator: where their block starts, -1 where they stay in the file.
  var blocks = InlineArray<256, Int>(repeating: -1)
  var counts = InlineArray<256, Int>(repeating: 0)

  init(_ model: Model, first: Int, batch: Int) {
    self.model = model
    self.first = first
    self.batch = batch
  }

  // MARK: Numbers

  mutating func setCut(_ tensor: Int) {
    cut = tensor
    numbers[tensor] = 0
  }

  /// Numbers the output of an operator.
  mutating func numberOutput(_ index: Int) { numbers[outputTensor(index)] = Int16(truncatingIfNeeded: index + 1) }

  /// The number of a tensor in the tail, -1 for constants and the trunk's tensors.
  func local(_ tensor: Int) -> Int { Int(truncatingIfNeeded: numbers[tensor]) }

  /// The model's tensor behind a tail tensor.
  func tensor(_ local: Int) -> Int { local == 0 ? cut : outputTensor(local - 1) }

  func record(_ index: Int) -> OperatorRecord { model.operatorRecord(first + index) }

  func outputTensor(_ index: Int) -> Int {
    let record = record(index)
    guard let tensor = model.operand(record, record.inputCount) else { preconditionFailure("an operator without an output") }
    return tensor
  }

  /// The shape of a tail tensor with the batch in axis 0.
  func shape(_ local: Int) -> Shape { model.tensor(tensor(local)).type.shape.batched(batch) }

  // MARK: Places

  func slot(_ index: Int, input: Int) -> Int { 2 * index + input - 1 }

  /// Bytes of a block of float32 values.
  func stride(_ count: Int) -> Int { Format.aligned(4 * count) }

  func trains(_ index: Int, input: Int) -> Bool { (input == 1 ? trainedWeights : trainedBiases).contains(index) }

  func hasRoundedCopy(_ index: Int, input: Int) -> Bool { input == 1 && rounded.contains(index) }

  /// What the passes read of weights (1) or bias (2): their rounded copy if there is one; nil where they stay in the file.
  func weights(_ index: Int, input: Int) -> (offset: Int, count: Int)? {
    guard input >= 1, input <= 2 else { return nil }
    let slot = slot(index, input: input), block = blocks[slot], count = counts[slot]
    guard block >= 0 else { return nil }
    return (hasRoundedCopy(index, input: input) ? block + stride(count) : block, count)
  }

  /// Where the gradient of a trained weight is; behind it are the optimizer's state and the average.
  func gradientOffset(_ index: Int, input: Int) -> Int? {
    guard trains(index, input: input) else { return nil }
    let slot = slot(index, input: input)
    return blocks[slot] + (hasRoundedCopy(index, input: input) ? 2 : 1) * stride(counts[slot])
  }
}

extension Shape {
  /// The shape with a batch in axis 0. Precondition: the rank is at least 1.
  func batched(_ batch: Int) -> Shape {
    var shape = self
    shape[0] = batch
    return shape
  }
}
