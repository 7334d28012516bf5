import FewShot
import HostRuntime
import TinyNN

/// Scores that examples have when they are left out, [examples][classes].
enum LeaveOut {
  /// Cosines to the classes' prototypes on any features.
  static func writeCosines(_ support: SupportSet, to scores: Elements<Float>) {
    let memory = AlignedMemory(byteCount: 4 * (support.classCount + 1) * support.dimension)
    defer { withExtendedLifetime(memory) {} }
    let prototypes = memory.floats.slice(0, support.classCount * support.dimension)
    PrototypeHead.learn(support, into: prototypes)
    LinearCalibrator.leaveOutCosines(
      support, prototypes: prototypes.matrix(support.classCount, support.dimension),
      row: memory.floats.slice(prototypes.count, support.dimension), to: scores)
  }

  /// Learns again without them: by 5 folds over which each class is spread, or, where a class would lose a half of its examples or
  /// so, one at a time. Each class has at least two examples.
  static func writeScores<H: Head>(
    of head: H.Type, _ examples: ExampleMemory, _ features: FeatureRows, statistics: StatisticsView?, penalty: Float,
    to scores: Elements<Float>
  ) {
    let classes = examples.classCount
    let dimension = examples.dimension
    let width = features.map.count
    let section = AlignedMemory(
      byteCount: HeadParts<H>.byteCount(classes: classes, dimension: dimension, features: width))
    let unused = AlignedMemory(byteCount: scores.count * 4)
    let scratch = AlignedMemory(
      byteCount: 4
        * H.scratchCount(
          examples: examples.count, classes: classes, dimension: dimension, background: statistics?.backgroundCount ?? 0))
    defer { withExtendedLifetime((section, unused, scratch)) {} }
    let parts = HeadParts<H>(section.elements, classes: classes, dimension: dimension, features: width, examples: nil)
    let folds = folds(of: examples)
    for held in 0..<(folds.max() ?? -1) + 1 {
      let kept = folds.indices.filter { folds[$0] != held }
      let rest = ExampleMemory(examples, kept), restRows = FeatureRows(features, kept)
      withExtendedLifetime((rest, restRows)) {
        let learned = HeadExamples(
          embeddings: rest.support, features: rest.support(restRows.matrix), map: features.map, statistics: statistics)
        PrototypeHead.learn(learned.embeddings, into: parts.prototypes)
        H.learn(learned, penalty: penalty, into: parts, leftOut: unused.floats, scratch: scratch.floats)
      }
      for index in folds.indices where folds[index] == held {
        H.writeScores(of: features.matrix[index], parts, to: scores.slice(index * classes, classes))
      }
    }
  }

  /// The fold of each example.
  static func folds(of examples: ExampleMemory) -> [Int] {
    let fewest = examples.fewest
    guard fewest >= 4 || examples.count > 64 else { return Array(0..<examples.count) }
    var seen = [Int](repeating: 0, count: examples.classCount)
    return (0..<examples.count).map { index in
      seen[examples.label(index)] += 1
      return seen[examples.label(index)] % min(5, fewest)
    }
  }
}
