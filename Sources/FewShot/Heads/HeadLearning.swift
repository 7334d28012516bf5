package import TinyNN

/// Learns and calibrates a head of a type that is only known from its method, in memory that the caller gave.
package struct HeadLearning: HeadVisitor {
  package typealias Failure = Never

  package let examples: HeadExamples
  package let isChosen: Bool
  /// Nil where the head has its own.
  package let penalty: Float?
  /// Nil where it is to be found.
  package let calibration: Calibration?
  private let section: Elements<UInt8>
  private let scratch: Elements<Float>

  /// - Parameters:
  ///   - section: receives the head's section; `Size` says how many bytes. At a multiple of 64.
  ///   - scratch: `Size` says how many values. At a multiple of 64 bytes.
  package init(
    _ examples: HeadExamples, isChosen: Bool, penalty: Float? = nil, calibration: Calibration? = nil,
    into section: Elements<UInt8>, scratch: Elements<Float>
  ) {
    self.examples = examples
    self.isChosen = isChosen
    self.penalty = penalty
    self.calibration = calibration
    self.section = section
    self.scratch = scratch
  }

  package func visit<H: Head>(_ head: H.Type) -> HeadHeader {
    let all = examples.embeddings, fewest = all.fewest
    let penalty = penalty ?? H.penalty(fewest: fewest)
    let parts = HeadParts<H>(
      section, classes: all.classCount, dimension: all.dimension, features: examples.map.count, examples: nil)
    var pieces = ScratchPieces(scratch)
    let leftOut = pieces.take(all.count * all.classCount)
    let work = pieces.take(
      H.scratchCount(
        examples: all.count, classes: all.classCount, dimension: all.dimension,
        background: examples.statistics?.backgroundCount ?? 0))
    PrototypeHead.learn(all, into: parts.prototypes)
    H.learn(examples, penalty: penalty, into: parts, leftOut: leftOut, scratch: work)
    if fewest > 1, H.traits.leavingOut == .refitting {
      LeaveOut.writeScores(of: head, examples, penalty: penalty, to: leftOut, scratch: pieces.rest)
    }
    let found = calibration ?? H.calibrate(examples, penalty: penalty, parts, leftOut: leftOut, scratch: work)
    let header = HeadHeader(
      H.traits.method, isChosen: isChosen, features: examples.map.kind, calibration: found, classCount: all.classCount,
      dimension: all.dimension)
    header.write(to: section)
    return header
  }

  /// The memory that learning a head takes.
  package struct Size: HeadVisitor {
    package typealias Failure = Never

    let examples: Int
    let classes: Int
    let map: FeatureMap
    let background: Int

    package init(examples: Int, classes: Int, map: FeatureMap, background: Int) {
      self.examples = examples
      self.classes = classes
      self.map = map
      self.background = background
    }

    package func visit<H: Head>(_ head: H.Type) -> (sectionByteCount: Int, scratchCount: Int) {
      let dimension = map.dimension
      var scratch =
        ScratchPieces.size(examples * classes)
        + ScratchPieces.size(
          H.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background))
      if H.traits.leavingOut == .refitting {
        scratch += LeaveOut.scratchCount(
          head, examples: examples, classes: classes, dimension: dimension, features: map.count, background: background)
      }
      return (HeadParts<H>.byteCount(classes: classes, dimension: dimension, features: map.count), scratch)
    }
  }
}

extension HeadMethod {
  /// What the head sees of an embedding; nil where the encoder's statistics lack what it needs.
  package func features(dimension: Int, statistics: StatisticsView?) -> FeatureMap? {
    if let map = FeatureMap(traits.features, dimension: dimension, statistics: statistics) { return map }
    guard let plain = traits.plainFeatures else { return nil }
    return FeatureMap(plain, dimension: dimension, statistics: statistics)
  }
}
