public import FewShot
import HostRuntime
import ModelCompiler
import TinyNN

/// The head that follows from what a task knows.
public struct LearnedHead: Sendable {
  public let method: HeadMethod
  /// True if the method was chosen for the photos, not named.
  public let isChosen: Bool
  public let calibration: Calibration
  /// [classes][dimension]
  public let prototypes: [Float]
  /// What `auto` looked at; empty where there was nothing to compare.
  public internal(set) var candidates: [HeadCandidate] = []
  let dimension: Int
  let features: FeatureMap
  let linear: LinearResult?
  /// Of nearest neighbours: the examples' embeddings, [examples][dimension], and labels.
  private(set) var examples: (rows: [Float], labels: [UInt32])?

  /// Learns and calibrates a head; prototypes take `calibration` where it is given. `knowledge` has at least one class; the same
  /// knowledge and statistics give the same bits.
  public init(
    _ knowledge: Knowledge, statistics: StatisticsView?, method: LearningMethod = .head(.prototype),
    calibration given: Calibration? = nil
  ) throws(HeadError) {
    var rows: [Float] = []
    var lengths: [Float] = []
    var labels: [UInt32] = []
    for (label, learned) in knowledge.classes.enumerated() {
      for example in learned.examples {
        rows.append(contentsOf: example.embedding)
        lengths.append(example.length)
        labels.append(UInt32(label))
      }
    }
    self = try HeadLearner(
      rows: rows, lengths: lengths, labels: labels, classCount: knowledge.classes.count, dimension: knowledge.dimension,
      statistics: statistics
    ).learn(method, calibration: given)
  }

  init(prototypesOf learner: HeadLearner, isChosen: Bool, calibration given: Calibration? = nil) {
    method = .prototype
    self.isChosen = isChosen
    (dimension, linear) = (learner.dimension, nil)
    features = FeatureMap(.plain, dimension: learner.dimension, statistics: nil)!
    var prototypes = [Float](repeating: 0, count: learner.classCount * learner.dimension)
    var scratch = [Float](
      repeating: 0,
      count: Calibrator.scratchCount(
        examples: learner.labels.count, classes: learner.classCount, dimension: learner.dimension,
        background: learner.statistics?.backgroundCount ?? 0))
    let own = withSupport(learner.rows, learner.labels, classCount: learner.classCount, dimension: learner.dimension) { support in
      var prototypeSpan = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &prototypeSpan)
      return prototypes.withUnsafeBufferPointer { buffer in
        var scratchSpan = scratch.mutableSpan
        return Calibrator.calibrate(
          support, prototypes: EmbeddingMatrix(buffer.baseAddress!, count: learner.classCount, dimension: learner.dimension),
          statistics: learner.statistics, scratch: &scratchSpan)
      }
    }
    self.prototypes = prototypes
    calibration = given ?? own
  }

  init(neighboursOf learner: HeadLearner) {
    (method, isChosen, linear) = (.knn, false, nil)
    (dimension, prototypes) = (learner.dimension, learner.prototypes)
    features = FeatureMap(.plain, dimension: learner.dimension, statistics: nil)!
    examples = (learner.rows, learner.labels)
    var scratch = [Float](
      repeating: 0,
      count: NeighbourHead.scratchCount(
        examples: learner.labels.count, classes: learner.classCount, dimension: learner.dimension,
        background: learner.statistics?.backgroundCount ?? 0))
    calibration = withSupport(learner.rows, learner.labels, classCount: learner.classCount, dimension: learner.dimension) {
      support in
      var span = scratch.mutableSpan
      return span.withValues { NeighbourHead.learn(support, statistics: learner.statistics, scratch: $0) }
    }
  }

  init(
    _ learner: HeadLearner, _ method: HeadMethod, _ rows: FeatureRows, _ penalty: Float, _ result: LinearResult, isChosen: Bool,
    fewest: Int
  ) {
    self.method = method
    self.isChosen = isChosen
    (dimension, features, linear) = (learner.dimension, rows.map, result)
    prototypes = learner.prototypes
    calibration = LinearCalibration(learner, method, rows, penalty, result, fewest: fewest).calibration
  }

  /// Nearest neighbours at a scale, with memory lent to `body`; nil for other heads.
  func withNeighbours<R>(scale: Float, _ body: (NeighbourClassifier) -> R) -> R? {
    guard let examples else { return nil }
    return withSupport(examples.rows, examples.labels, classCount: prototypes.count / dimension, dimension: dimension) { support in
      body(NeighbourClassifier(examples: support, count: calibration.neighbours, scale: scale, threshold: calibration.threshold))
    }
  }

  /// The head at a scale, with memory lent to `body`; nil for prototypes and nearest neighbours.
  func withClassifier<R>(scale: Float, _ body: (LinearClassifier) -> R) -> R? {
    guard let linear else { return nil }
    return linear.withClassifier(
      features.count, addsClassScore: method == .ridge, scale: scale, threshold: calibration.threshold, body)
  }

  var section: [UInt8] {
    var bytes: [UInt8] = []
    let isPlain = method == .prototype && !isChosen
    bytes.append(word: isPlain ? SectionLayout.version : 2)
    bytes.append(word: method.rawValue)
    bytes.append(word: UInt32(prototypes.count / dimension))
    bytes.append(word: UInt32(dimension))
    bytes.append(float: calibration.scale)
    bytes.append(float: calibration.threshold)
    bytes.append(word: calibration.scaleSource.rawValue)
    bytes.append(word: calibration.thresholdSource.rawValue)
    bytes.append(word: UInt32(calibration.leftOutCount))
    bytes.append(word: UInt32(calibration.leftOutRight))
    if !isPlain {
      bytes.append(word: features.kind.rawValue)
      bytes.append(float: calibration.penalty)
      bytes.append(word: UInt32(isChosen ? 1 : 0))
      bytes.append(word: UInt32(calibration.neighbours))
    }
    bytes.align()
    bytes.append(floats: prototypes)
    guard let linear else { return bytes }
    for values in [linear.weights, linear.biases, linear.prototypes] {
      bytes.align()
      bytes.append(floats: values)
    }
    return bytes
  }
}

extension LinearResult {
  func withClassifier<R>(
    _ width: Int, addsClassScore: Bool, scale: Float, threshold: Float, _ body: (LinearClassifier) -> R
  ) -> R {
    weights.withUnsafeBufferPointer { weights in
      prototypes.withUnsafeBufferPointer { prototypes in
        biases.withUnsafeBufferPointer { biases in
          body(
            LinearClassifier(
              weights: EmbeddingMatrix(weights.baseAddress!, count: biases.count, dimension: width),
              biases: Embedding(biases.baseAddress!, count: biases.count),
              prototypes: EmbeddingMatrix(prototypes.baseAddress!, count: biases.count, dimension: width),
              addsClassScore: addsClassScore, scale: scale, threshold: threshold))
        }
      }
    }
  }
}

/// Lends arrays as a support set: [examples][dimension] embeddings of length 1 and their labels, below `classCount`.
func withSupport<R>(
  _ embeddings: [Float], _ labels: [UInt32], classCount: Int, dimension: Int, _ body: (SupportSet) -> R
) -> R {
  precondition(embeddings.count == labels.count * dimension)
  return embeddings.withUnsafeBufferPointer { embeddings in
    labels.withUnsafeBytes { labels in
      // Empty arrays may have no address; with no rows, none is read.
      let rows = embeddings.baseAddress ?? UnsafePointer(bitPattern: 64)!
      let matrix = EmbeddingMatrix(rows, count: labels.count / 4, dimension: dimension)
      return body(
        SupportSet(
          embeddings: matrix, labels: labels.baseAddress ?? UnsafeRawPointer(rows), classCount: classCount))
    }
  }
}

extension LearnedHead {
  /// Bytes that learning takes besides the encoder's: the examples' embeddings, prototypes, working memory of the calibration.
  public static func plannedByteCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    let calibration = Calibrator.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
    let gram =
      examples > RidgeHead.exampleLimit
      ? 0 : RidgeHead.scratchCount(examples: examples, classes: max(classes, examples), features: 2 * dimension)
    let neighbours = NeighbourHead.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
    return 4 * (4 * examples * dimension + 5 * classes * dimension + 2 * examples * classes + max(calibration, gram, neighbours))
  }
}
