public import FewShot
import HostRuntime
import TinyNN

/// How a task learns: with a named head, or with the one that suits its photos.
public enum LearningMethod: Equatable, Sendable {
  case head(HeadMethod)
  /// `HeadChoice` chooses.
  case auto
}

/// One head that `auto` looked at.
public struct HeadCandidate: Equatable, Sendable {
  public let method: HeadMethod
  public let penalty: Float
  /// Examples that the others classify rightly, of `exampleCount`.
  public let right: Int
  public let exampleCount: Int
  /// The natural logarithm of the left-out examples' likelihood at the fitted scale.
  public let logLikelihood: Float
  /// What is known before any photo, in the same unit.
  public let prior: Float

  var score: Float { Float(right) + logLikelihood + prior }
}

/// Chooses among heads by their left-out examples: how many are right, plus the logarithm of their likelihood, plus a prior that
/// favours ridge regression at a middle penalty by as much as six more right examples.
///
/// The prior is strong because a few examples say little: with weaker ones the choice lost more than it won over photo sets
/// (Tools/research/heads_table.py). With one example for a class nothing can be left out, and the prior decides alone.
struct HeadChoice {
  private let learner: HeadLearner
  private let examples: ExampleMemory
  /// [examples][classes]
  private let leftOut: AlignedMemory

  /// Penalties of ridge regression and their priors.
  private static let penalties: [(value: Float, prior: Float)] = [(0.5, 5), (1, 6), (2, 6), (4, 4.5)]

  init(_ learner: HeadLearner) {
    self.learner = learner
    examples = learner.examples
    leftOut = AlignedMemory(byteCount: 4 * examples.count * examples.classCount)
  }

  func learn() throws(HeadError) -> LearnedHead {
    let plain = try learner.features(of: .prototype)
    guard examples.count <= HeadMethod.ridge.traits.exampleLimit else {
      return try learner.learn(.prototype, plain, isChosen: true)
    }
    let joint = try learner.features(of: .ridge)
    guard examples.fewest > 1 else { return try learner.learn(.ridge, joint, isChosen: true) }
    var candidates = [cosineCandidate(.prototype, plain)]
    if learner.statistics != nil { candidates.append(cosineCandidate(.centred, try learner.features(of: .centred))) }
    candidates += ridgeCandidates(joint)
    let best = candidates.max { $0.score < $1.score }!
    let features = best.method == .ridge ? joint : try learner.features(of: best.method)
    var head = try learner.learn(
      best.method, features, isChosen: true, penalty: best.method == .ridge ? best.penalty : nil)
    head.candidates = candidates
    return head
  }

  private func cosineCandidate(_ method: HeadMethod, _ features: FeatureRows) -> HeadCandidate {
    LeaveOut.writeCosines(examples.support(features.matrix), to: leftOut.floats)
    return candidate(method, penalty: 0, prior: 0)
  }

  private func ridgeCandidates(_ features: FeatureRows) -> [HeadCandidate] {
    let scratch = AlignedMemory(
      byteCount: 4
        * GramMemory.count(examples: examples.count, classes: examples.classCount, features: features.map.count))
    defer { withExtendedLifetime(scratch) {} }
    let memory = GramMemory(
      scratch.floats, examples: examples.count, classes: examples.classCount, features: features.map.count)
    let diagonal = memory.prepare(features.matrix)
    return HeadChoice.penalties.map { penalty in
      RidgeHead.solve(
        examples.support(features.matrix), penalty: penalty.value * diagonal, memory, leftOut: leftOut.floats)
      return candidate(.ridge, penalty: penalty.value, prior: penalty.prior)
    }
  }

  /// By the scores in `leftOut`.
  private func candidate(_ method: HeadMethod, penalty: Float, prior: Float) -> HeadCandidate {
    let support = examples.support, leftOut = leftOut.floats
    let scale = LinearCalibrator.fittedScale(support, leftOut, preset: method.traits.presetScale)
    return HeadCandidate(
      method: method, penalty: penalty, right: LinearCalibrator.rightCount(support, leftOut), exampleCount: examples.count,
      logLikelihood: -LinearCalibrator.lossOfLeftOut(support, leftOut, scale: scale), prior: prior)
  }
}
