public import FewShot
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
  /// What trains besides the labels.
  public var auxiliary = Auxiliary.none
  public var seed: UInt64 = 0
  /// Labelled photos of a class that are cached and train, at most; the others teach the prototypes all the same.
  public var photosPerClass = 64

  public enum Auxiliary: Equatable, Sendable {
    case none
    case always(ObjectiveKind)
    /// Held-out photos decide among none and all.
    case auto
  }

  public init() {}

  /// The objectives that are tried beside the prototypes.
  var auxiliaries: [ObjectiveKind] {
    switch auxiliary {
    case .none: []
    case .always(let kind): [kind]
    case .auto: ObjectiveKind.auxiliaries
    }
  }

  /// The ways of training that are tried on held-out photos, the one that is preferred first.
  public var candidates: [AdaptationCandidate] {
    func candidate(_ factor: Float, _ auxiliary: ObjectiveKind? = nil) -> AdaptationCandidate {
      AdaptationCandidate(learningRateFactor: factor, auxiliary: auxiliary)
    }
    switch auxiliary {
    case .none: return [candidate(1), candidate(0.3)]
    case .always(let kind): return [candidate(1, kind), candidate(0.3, kind)]
    case .auto: return [candidate(1), candidate(0.3)] + auxiliaries.map { candidate(1, $0) }
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
  /// What trains beside the prototypes.
  public let auxiliary: ObjectiveKind?

  public init(learningRateFactor: Float, auxiliary: ObjectiveKind?) {
    self.learningRateFactor = learningRateFactor
    self.auxiliary = auxiliary
  }
}

extension AdaptationOptions.Auxiliary: RawRepresentable, CaseIterable {
  public static var allCases: [AdaptationOptions.Auxiliary] { [.none] + ObjectiveKind.auxiliaries.map { .always($0) } + [.auto] }

  /// As it is named on the command line.
  public var rawValue: String {
    switch self {
    case .none: "none"
    case .always(let kind): kind.name
    case .auto: "auto"
    }
  }

  public init?(rawValue: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = found
  }
}
