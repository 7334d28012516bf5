public import FewShot
import HostRuntime
import ModelCompiler
import TinyNN

/// The head that follows from what a task knows.
public struct LearnedHead: Sendable {
  private let header: HeadHeader
  /// Of the bytes of its section.
  private let memory: AlignedMemory
  let features: FeatureMap
  /// Of heads that use them.
  private let examples: ExampleMemory?
  /// What photos without labels taught; nil where there are none.
  public internal(set) var propagation: LearnedPropagation?
  /// What `auto` looked at; empty where there was nothing to compare.
  public internal(set) var candidates: [HeadCandidate] = []

  public var method: HeadMethod { header.method }
  /// True if the method was chosen for the photos, not named.
  public var isChosen: Bool { header.isChosen }
  public var calibration: Calibration { header.calibration }

  /// Learns and calibrates a head, and beside it what photos without labels teach; prototypes take `calibration` where it is
  /// given. `knowledge` has at least one class; the same
  /// knowledge and statistics give the same bits.
  public init(
    _ knowledge: Knowledge, statistics: StatisticsView?, method: LearningMethod = .head(.prototype),
    calibration given: Calibration? = nil, unlabelled: UnlabelledPhotos? = nil
  ) throws(HeadError) {
    var learner = HeadLearner(knowledge, statistics: statistics)
    learner.learn(with: unlabelled)
    self = try learner.learn(method, calibration: given)
  }

  /// `memory` holds the section of `header`, and the learned parts.
  init(_ header: HeadHeader, _ memory: AlignedMemory, _ features: FeatureMap, examples: ExampleMemory?) {
    self.header = header
    self.memory = memory
    self.features = features
    self.examples = examples
  }

  var section: [UInt8] { Array(memory.buffer) }

  /// The head as a file has it; valid as long as this value, or a copy of it.
  var view: HeadView {
    HeadView(
      header, section: memory.bytes, features: features, examples: examples?.support, propagated: propagation?.classifier)
  }

  /// [classes][dimension], each of length 1.
  public var prototypes: [Float] {
    let rows = view.classifier.prototypes
    return (0..<rows.count).flatMap { label in (0..<rows.dimension).map { rows[label][$0] } }
  }
}

extension LearnedHead {
  /// Bytes that learning takes besides the encoder's: the examples' embeddings and features, the learned parts, left-out scores,
  /// working memory.
  public static func plannedByteCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    let scratch = HeadMethod.allCases.filter { examples <= $0.traits.exampleLimit }.map { method in
      method.accept(Scratch(examples: examples, classes: classes, dimension: dimension, background: background))
    }
    return 4 * (4 * examples * dimension + 5 * classes * dimension + 2 * examples * classes + (scratch.max() ?? 0))
  }

  private struct Scratch: HeadVisitor {
    typealias Failure = Never
    let examples: Int
    let classes: Int
    let dimension: Int
    let background: Int

    func visit<H: Head>(_ head: H.Type) -> Int {
      H.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
    }
  }
}
