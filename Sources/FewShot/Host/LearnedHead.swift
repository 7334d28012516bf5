import HostRuntime
import ModelCompiler
import TinyNN

/// The head that follows from what a task knows.
public struct LearnedHead: Sendable {
  public let method: HeadMethod
  public let calibration: Calibration
  /// [classes][dimension]
  public let prototypes: [Float]
  let dimension: Int

  /// Learns prototypes and calibrates them, unless `calibration` is given. `knowledge` has at least one class; the same knowledge and statistics give the same
  /// bits.
  public init(_ knowledge: Knowledge, statistics: StatisticsView?, calibration given: Calibration? = nil) {
    method = .prototype
    dimension = knowledge.dimension
    let classCount = knowledge.classes.count
    var embeddings: [Float] = []
    var labels: [UInt32] = []
    for (label, learned) in knowledge.classes.enumerated() {
      for example in learned.examples {
        embeddings.append(contentsOf: example.embedding)
        labels.append(UInt32(label))
      }
    }
    var prototypes = [Float](repeating: 0, count: classCount * dimension)
    var scratch = [Float](repeating: 0, count: Calibrator.scratchCount(
      examples: labels.count, classes: classCount, dimension: dimension, background: statistics?.backgroundCount ?? 0))
    let own = withSupport(embeddings, labels, classCount: classCount, dimension: dimension) { support in
      var prototypeSpan = prototypes.mutableSpan
      PrototypeHead.learn(support, into: &prototypeSpan)
      return prototypes.withUnsafeBufferPointer { buffer in
        var scratchSpan = scratch.mutableSpan
        return Calibrator.calibrate(
          support, prototypes: EmbeddingMatrix(buffer.baseAddress!, count: classCount, dimension: knowledge.dimension),
          statistics: statistics, scratch: &scratchSpan)
      }
    }
    self.prototypes = prototypes
    calibration = given ?? own
  }

  var section: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(word: SectionLayout.version)
    bytes.append(word: method.rawValue)
    bytes.append(word: UInt32(prototypes.count / dimension))
    bytes.append(word: UInt32(dimension))
    bytes.append(float: calibration.scale)
    bytes.append(float: calibration.threshold)
    bytes.append(word: calibration.scaleSource.rawValue)
    bytes.append(word: calibration.thresholdSource.rawValue)
    bytes.append(word: UInt32(calibration.leftOutCount))
    bytes.append(word: UInt32(calibration.leftOutRight))
    bytes.align()
    bytes.append(floats: prototypes)
    return bytes
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
      return body(SupportSet(
        embeddings: matrix, labels: labels.baseAddress ?? UnsafeRawPointer(rows), classCount: classCount))
    }
  }
}

extension LearnedHead {
  /// Bytes that learning takes besides the encoder's: the examples' embeddings, prototypes, working memory of the calibration.
  public static func plannedByteCount(examples: Int, classes: Int, dimension: Int, background: Int) -> Int {
    let scratch = Calibrator.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background)
    return 4 * (2 * examples * dimension + classes * dimension + scratch)
  }
}
