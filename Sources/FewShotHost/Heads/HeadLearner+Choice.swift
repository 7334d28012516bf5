import FewShot
import HostRuntime
import TinyNN

extension HeadLearner {
  /// Learns the head that `HeadChoice` chooses.
  func learnChosen() throws(HeadError) -> LearnedHead {
    if let method = HeadChoice.forced(examples: examples.count, fewest: examples.fewest) {
      return try learn(method, try features(of: method), isChosen: true)
    }
    let joint = try features(of: .ridge)
    let centred = statistics == nil ? nil : try features(of: .centred)
    let choice = HeadChoice(
      plain: examples.support, centred: centred.map { examples.support($0.matrix) }, joint: examples.support(joint.matrix))
    let scratch = AlignedMemory(
      byteCount: 4
        * HeadChoice.scratchCount(
          examples: examples.count, classes: examples.classCount, dimension: examples.dimension, features: joint.map.count))
    var candidates: [HeadCandidate] = []
    let best = choice.best(scratch: scratch.floats) { candidates.append($0) }
    withExtendedLifetime((joint, centred, scratch)) {}
    var head = try learn(
      best.method, best.method == .ridge ? joint : try features(of: best.method), isChosen: true,
      penalty: best.method == .ridge ? best.penalty : nil)
    head.candidates = candidates
    return head
  }
}
