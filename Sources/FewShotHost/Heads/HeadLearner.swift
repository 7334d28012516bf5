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
    case .auto: try HeadChoice(self).learn()
    }
  }

  /// What `method` sees of the examples.
  func features(of method: HeadMethod) throws(HeadError) -> FeatureRows {
    let traits = method.traits
    func map(_ kind: FeatureMap.Kind) -> FeatureMap? {
      FeatureMap(kind, dimension: examples.dimension, statistics: statistics)
    }
    guard let found = map(traits.features) ?? traits.plainFeatures.flatMap(map) else { throw .needsStatistics(method) }
    if traits.needsNonNegativeEmbeddings {
      let values = examples.rows.floats
      for index in 0..<values.count where values[index] < 0 { throw .needsPositiveEmbeddings(method) }
    }
    return FeatureRows(found, of: examples, lengths)
  }

  func learn(
    _ method: HeadMethod, _ features: FeatureRows, isChosen: Bool = false, penalty: Float? = nil, calibration: Calibration? = nil
  ) throws(HeadError) -> LearnedHead {
    guard examples.count <= method.traits.exampleLimit else { throw .tooManyExamples(method) }
    return method.accept(
      HeadLearning(learner: self, features: features, isChosen: isChosen, penalty: penalty, calibration: calibration))
  }
}

/// Learns a head of a type that is only known from its method.
private struct HeadLearning: HeadVisitor {
  typealias Failure = Never

  let learner: HeadLearner
  let features: FeatureRows
  let isChosen: Bool
  /// Nil where the head has its own.
  let penalty: Float?
  let calibration: Calibration?

  func visit<H: Head>(_ head: H.Type) -> LearnedHead {
    let examples = learner.examples, statistics = learner.statistics
    let count = examples.count
    let classes = examples.classCount
    let dimension = examples.dimension
    let width = features.map.count
    let fewest = examples.fewest, penalty = penalty ?? H.penalty(fewest: fewest)
    let section = AlignedMemory(byteCount: HeadParts<H>.byteCount(classes: classes, dimension: dimension, features: width))
    let leftOut = AlignedMemory(byteCount: 4 * count * classes)
    let scratch = AlignedMemory(
      byteCount: 4
        * H.scratchCount(
          examples: count, classes: classes, dimension: dimension, background: statistics?.backgroundCount ?? 0))
    defer { withExtendedLifetime((examples, section, leftOut, scratch)) {} }
    var propagation = learner.propagation
    // With one photo of a class and no background the threshold refuses other classes, to which nearness says nothing.
    let counts = calibration == nil && (fewest > 1 || statistics?.backgroundCount ?? 0 > 0)
    let nearness = counts ? propagation?.nearness(statistics) : nil
    defer { withExtendedLifetime(nearness) {} }
    let learned = HeadExamples(
      embeddings: examples.support, features: examples.support(features.matrix), map: features.map, statistics: statistics,
      nearness: nearness?.floats)
    let parts = HeadParts<H>(section.elements, classes: classes, dimension: dimension, features: width, examples: nil)
    PrototypeHead.learn(learned.embeddings, into: parts.prototypes)
    H.learn(learned, penalty: penalty, into: parts, leftOut: leftOut.floats, scratch: scratch.floats)
    if fewest > 1, H.traits.leavingOut == .refitting {
      LeaveOut.writeScores(of: head, examples, features, statistics: statistics, penalty: penalty, to: leftOut.floats)
    }
    let found =
      calibration
      ?? H.calibrate(learned, penalty: penalty, parts, leftOut: leftOut.floats, scratch: scratch.floats)
    let header = HeadHeader(
      H.traits.method, isChosen: isChosen, features: features.map.kind, calibration: found, classCount: classes,
      dimension: dimension)
    header.write(to: section.elements)
    var head = LearnedHead(header, section, features.map, examples: H.traits.usesExamples ? examples : nil)
    head.propagation = propagation
    return head
  }
}
