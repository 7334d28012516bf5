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
