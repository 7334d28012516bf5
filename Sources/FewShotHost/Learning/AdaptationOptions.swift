public import TinyNN

/// How the tail is trained.
public struct AdaptationOptions: Equatable, Sendable {
  /// Convolutions and dense layers of the tail, at most.
  public var layers = 6
  /// Augmented views of each photo, besides the photo as it is.
  public var views = 8
  public var batch = 32
  public var steps = 100
  public var learningRate: Float = 1e-3
  public var optimizer = TrainingOptions.Optimizer.adam
  /// Only biases train: the smallest choice.
  public var biasesOnly = false
  /// Objectives besides the labels.
  public var auxiliary = Auxiliary.none
  /// The weight of the rotation objective's loss at the start; it falls to 0 at two thirds of the steps.
  public var rotationWeight: Float = 0.5
  public var seed: UInt64 = 0
  /// Labelled photos of a class that are cached and train, at most; the others teach the prototypes all the same.
  public var photosPerClass = 64

  public enum Auxiliary: String, CaseIterable, Sendable {
    case none, rotation
    /// Held-out photos decide between the two.
    case auto
  }

  public init() {}

  /// Quarter turns of the photos are kept, too.
  var turnsPhotos: Bool { auxiliary != .none }

  /// The ways of training that are tried on held-out photos, the one that is preferred first.
  public var candidates: [AdaptationCandidate] {
    let plain = [
      AdaptationCandidate(learningRateFactor: 1, rotates: false), AdaptationCandidate(learningRateFactor: 0.3, rotates: false),
    ]
    switch auxiliary {
    case .none: return plain
    case .rotation: return plain.map { AdaptationCandidate(learningRateFactor: $0.learningRateFactor, rotates: true) }
    case .auto: return plain + [AdaptationCandidate(learningRateFactor: 1, rotates: true)]
    }
  }

  /// The training of a network from operator `first`.
  func training(from first: Int) -> TrainingOptions {
    var options = TrainingOptions(firstOperator: first, batch: batch, optimizer: optimizer)
    if biasesOnly { options.weights = OperatorSet() }
    return options
  }
}

/// One way of training the tail.
public struct AdaptationCandidate: Equatable, Sendable {
  /// Of `AdaptationOptions.learningRate`.
  public let learningRateFactor: Float
  /// With the rotation objective.
  public let rotates: Bool

  public init(learningRateFactor: Float, rotates: Bool) {
    self.learningRateFactor = learningRateFactor
    self.rotates = rotates
  }
}
