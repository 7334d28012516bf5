package import TinyNN

/// One head that was looked at where the head is chosen for the photos.
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
package struct HeadChoice {
  /// What the heads see of the same examples, each of which has another one of its class. `centred`: nil without statistics.
  package let plain: SupportSet
  package let centred: SupportSet?
  package let joint: SupportSet

  package init(plain: SupportSet, centred: SupportSet?, joint: SupportSet) {
    self.plain = plain
    self.centred = centred
    self.joint = joint
  }

  /// The head that is taken without looking at candidates; nil where there is a choice.
  package static func forced(examples: Int, fewest: Int) -> HeadMethod? {
    if examples > HeadMethod.ridge.traits.exampleLimit { return .prototype }
    return fewest > 1 ? nil : .ridge
  }

  /// Values of working memory that `best` needs, `features` being those of `joint`.
  package static func scratchCount(examples: Int, classes: Int, dimension: Int, features: Int) -> Int {
    ScratchPieces.size(examples * classes)
      + max((classes + 1) * dimension, GramMemory.count(examples: examples, classes: classes, features: features))
  }

  /// The best candidate; `body` sees all of them.
  /// - Parameter scratch: at least `scratchCount` values at a multiple of 64 bytes.
  package func best(scratch: Elements<Float>, _ body: (HeadCandidate) -> Void) -> HeadCandidate {
    var pieces = ScratchPieces(scratch)
    let leftOut = pieces.take(plain.count * plain.classCount), work = pieces.rest
    LeaveOut.writeCosines(plain, to: leftOut, scratch: work)
    var best = candidate(.prototype, leftOut, penalty: 0, prior: 0)
    body(best)
    func look(_ candidate: HeadCandidate) {
      body(candidate)
      if candidate.score > best.score { best = candidate }
    }
    if let centred {
      LeaveOut.writeCosines(centred, to: leftOut, scratch: work)
      look(candidate(.centred, leftOut, penalty: 0, prior: 0))
    }
    let memory = GramMemory(work, examples: joint.count, classes: joint.classCount, features: joint.dimension)
    let diagonal = memory.prepare(joint.embeddings)
    // Penalties of ridge regression and their priors.
    let penalties = SIMD4<Float>(0.5, 1, 2, 4), priors = SIMD4<Float>(5, 6, 6, 4.5)
    for index in 0..<4 {
      RidgeHead.solve(joint, penalty: penalties[index] * diagonal, memory, leftOut: leftOut)
      look(candidate(.ridge, leftOut, penalty: penalties[index], prior: priors[index]))
    }
    return best
  }

  private func candidate(_ method: HeadMethod, _ leftOut: Elements<Float>, penalty: Float, prior: Float) -> HeadCandidate {
    let scale = LinearCalibrator.fittedScale(plain, leftOut, preset: method.traits.presetScale)
    return HeadCandidate(
      method: method, penalty: penalty, right: LinearCalibrator.rightCount(plain, leftOut), exampleCount: plain.count,
      logLikelihood: -LinearCalibrator.lossOfLeftOut(plain, leftOut, scale: scale), prior: prior)
  }
}
