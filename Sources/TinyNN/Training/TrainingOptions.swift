/// What of a network trains, and how.
public struct TrainingOptions: Equatable, Sendable {
  public enum Optimizer: UInt8, Sendable {
    /// Stochastic gradient descent with momentum: one state value for each weight.
    case sgd
    /// Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019): two state values for each weight.
    case adam
  }

  /// The first operator of the tail. Exactly one tensor crosses from the operators before it, the trunk: the cut.
  public var firstOperator: Int
  /// Examples of one forward and backward pass, at least 1.
  public var batch: Int
  public var optimizer: Optimizer
  /// Keeps an exponential moving average of everything that trains.
  public var keepsAverage: Bool
  /// Operators whose weights train, and whose biases do.
  public var weights: OperatorSet
  public var biases: OperatorSet
  /// Backward passes also give the gradient by the tensor at the cut, `TrainingSession.cutGradient`.
  public var wantsCutGradient = false

  /// Trains everything from `firstOperator` on.
  public init(firstOperator: Int, batch: Int, optimizer: Optimizer = .adam, keepsAverage: Bool = true) {
    self.firstOperator = firstOperator
    self.batch = batch
    self.optimizer = optimizer
    self.keepsAverage = keepsAverage
    weights = OperatorSet(firstOperator..<OperatorSet.capacity)
    biases = weights
  }

  /// float32 values beside a trained weight: its gradient, the optimizer's state, its average.
  var stateCount: Int { 1 + (optimizer == .adam ? 2 : 1) + (keepsAverage ? 1 : 0) }
}

/// Why a tail cannot be trained.
public struct TrainingError: Error, Equatable, Sendable {
  public enum Reason: UInt8, Sendable {
    case cutOutOfRange = 1
    /// More operators than `found` > `needed`.
    case tailTooLong
    /// More than one tensor crosses the cut.
    case cutCrossedTwice
    /// Axis 0 of a tensor in the tail is not a batch of one.
    case batchAxis
    /// The embedding is not computed in the tail.
    case outputOutside
    /// Nothing that is to be trained influences the embedding.
    case nothingTrains
    /// An operator between a trained weight and the embedding has no gradient.
    case notDifferentiable
    case arenaTooSmall
    case arenaMisaligned
  }

  public let reason: Reason
  /// The operator concerned, in execution order, or -1.
  public let operatorIndex: Int
  public let found: Int
  public let needed: Int

  /// No operator with weights can be trained.
  public static let noTail = TrainingError(.nothingTrains)

  init(_ reason: Reason, operator operatorIndex: Int = -1, found: Int = 0, needed: Int = 0) {
    self.reason = reason
    self.operatorIndex = operatorIndex
    self.found = found
    self.needed = needed
  }
}
