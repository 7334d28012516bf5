import FewShot
import HostRuntime
import TinyNN

/// Learns and calibrates heads: memory around the device code.
struct HeadLearner {
  let examples: ExampleMemory
  /// Of the embeddings as the encoder gave them.
  let lengths: [Float]
  let statistics: StatisticsView?
  /// What photos without labels taught.
  private(set) var propagation: LearnedPropagation?

  init(examples: ExampleMemory, lengths: [Float], statistics: StatisticsView?) {
    self.examples = examples
    self.lengths = lengths
    self.statistics = statistics
  }

  /// Examples in the order of the classes.
  init(_ knowledge: Knowledge, statistics: StatisticsView?) {
    examples = ExampleMemory(
      count: knowledge.exampleCount, classCount: knowledge.classes.count, dimension: knowledge.dimension)
    var lengths: [Float] = []
    for (label, learned) in knowledge.classes.enumerated() {
      for example in learned.examples {
        examples.set(lengths.count, to: example.embedding.span, label: label)
        lengths.append(example.length)
      }
    }
    self.lengths = lengths
    self.statistics = statistics
  }

  /// Learns with photos without labels, for the heads that are learned after.
  mutating func learn(with unlabelled: UnlabelledPhotos?) {
    propagation = unlabelled.flatMap { $0.isEmpty ? nil : LearnedPropagation(examples, $0) }
  }

  /// Prototypes take `calibration` where it is given.
  func learn(_ method: LearningMethod, calibration: Calibration? = nil) throws(HeadError) -> LearnedHead {
    switch method {
    case .head(let method):
      try learn(method, try features(of: method), calibration: method == .prototype ? calibration : nil)
    case .auto: try learnChosen()
    }
  }

  /// What `method` sees of the examples.
  func features(of method: HeadMethod) throws(HeadError) -> FeatureRows {
    guard let found = method.features(dimension: examples.dimension, statistics: statistics) else {
      throw .needsStatistics(method)
    }
    if method.traits.needsNonNegativeEmbeddings {
      let values = examples.rows.floats
      for index in 0..<values.count where values[index] < 0 { throw .needsPositiveEmbeddings(method) }
    }
    return FeatureRows(found, of: examples, lengths)
  }

  func learn(
    _ method: HeadMethod, _ features: FeatureRows, isChosen: Bool = false, penalty: Float? = nil, calibration: Calibration? = nil
  ) throws(HeadError) -> LearnedHead {
    guard examples.count <= method.traits.exampleLimit else { throw .tooManyExamples(method) }
    let background = statistics?.backgroundCount ?? 0
    let size = method.accept(
      HeadLearning.Size(examples: examples.count, classes: examples.classCount, map: features.map, background: background))
    let section = AlignedMemory(byteCount: size.sectionByteCount), scratch = AlignedMemory(byteCount: 4 * size.scratchCount)
    var propagation = propagation
    // With one photo of a class and no background the threshold refuses other classes, to which nearness says nothing.
    let counts = calibration == nil && (examples.fewest > 1 || background > 0)
    let nearness = counts ? propagation?.nearness(statistics) : nil
    defer { withExtendedLifetime((examples, features, section, scratch, nearness)) {} }
    let learned = HeadExamples(
      embeddings: examples.support, features: examples.support(features.matrix), map: features.map, statistics: statistics,
      nearness: nearness?.floats)
    let header = method.accept(
      HeadLearning(
        learned, isChosen: isChosen, penalty: penalty, calibration: calibration, into: section.elements, scratch: scratch.floats))
    var head = LearnedHead(header, section, features.map, examples: method.traits.usesExamples ? examples : nil)
    head.propagation = propagation
    return head
  }
}
