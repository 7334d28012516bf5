/// How far an optimizer is, besides what it keeps for each weight.
public struct OptimizerProgress: Equatable, Sendable {
  /// Steps taken.
  public var stepCount = 0
  /// The decays of both moments to the power of the steps, for Adam's bias correction.
  public var firstDecay: Double = 1, secondDecay: Double = 1

  public init() {}
}

// What a training needs to go on in another session of the same model and plan.
extension TrainingSession {
  /// Everything that steps change, besides `progress`: weights, gradients, the optimizer's state, averages. The same bytes in a
  /// session of the same model and plan give the same bits from there on.
  public var weightsAndState: Elements<UInt8> { arena.elements(at: 0, count: plan.weightByteCount + plan.stateByteCount) }
}
