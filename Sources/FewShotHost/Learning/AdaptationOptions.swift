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
  /// Takes the trained tail whatever held-out photos say.
  public var isUngated = false
  public var seed: UInt64 = 0
  /// Labelled photos of a class that are cached and train, at most; the others teach the prototypes all the same.
  public var photosPerClass = 64

  public enum Auxiliary: Equatable, Sendable {
    case none
    /// All of them at once, in the order of their kinds, each once.
    case always([ObjectiveKind])
    /// Held-out photos decide among none and those that were measured to help.
    case auto
  }

  public init() {}

  /// The objectives that are tried beside the prototypes.
  var auxiliaries: [ObjectiveKind] {
    switch auxiliary {
    case .none: []
    case .always(let kinds): kinds
    case .auto: ObjectiveKind.auxiliaries.filter { $0.type.isTriedUnasked }
    }
  }

  /// The ways of training that are tried on held-out photos, the one that is preferred first: what trains beside the prototypes.
  public var candidates: [[ObjectiveKind]] {
    switch auxiliary {
    case .none: [[]]
    case .always(let kinds): [kinds]
    case .auto: [[]] + auxiliaries.map { [$0] }
    }
  }

  /// The training of a network from operator `first`.
  func training(from first: Int) -> TrainingOptions {
    var options = TrainingOptions(firstOperator: first, batch: batch, optimizer: optimizer)
    if biasesOnly { options.weights = OperatorSet() }
    options.wantsCutGradient = perturbs
    return options
  }
}

extension AdaptationOptions.Auxiliary: RawRepresentable, CaseIterable {
  /// Each objective alone.
  public static var allCases: [AdaptationOptions.Auxiliary] { [.none] + ObjectiveKind.auxiliaries.map { .always([$0]) } + [.auto] }

  /// As it is named on the command line: several separated by commas.
  public var rawValue: String {
    switch self {
    case .none: "none"
    case .always(let kinds): kinds.map(\.name).joined(separator: ",")
    case .auto: "auto"
    }
  }

  public init?(rawValue: String) {
    switch rawValue {
    case "none": self = .none
    case "auto": self = .auto
    default:
      let names = rawValue.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let kinds = ObjectiveKind.auxiliaries.filter { names.contains($0.name) }
      // Neither an unknown one nor one twice.
      guard kinds.count == names.count else { return nil }
      self = .always(kinds)
    }
  }
}
