public import TinyNN

/// A checked view of a head section.
public struct HeadView: Sendable {
  private let header: HeadHeader
  private let section: ByteRegion
  /// What the head sees of an embedding.
  package let features: FeatureMap
  private let examples: SupportSet?
  /// What photos without labels add to its answers.
  private let propagated: PropagatedClassifier?

  public var method: HeadMethod { header.method }
  /// True if the method was chosen for the photos, not named.
  public var isChosen: Bool { header.isChosen }
  public var calibration: Calibration { header.calibration }

  /// The head of a task file for its encoder and its classes.
  public init(_ model: Model, classes: ClassesView) throws(ModelError) {
    guard model.has(.head) else { throw ModelError(.sectionMissing, needed: Int(SectionKind.head.rawValue)) }
    let check = SectionCheck(bytes: model.section(.head), offset: model.offset(of: .head), reason: .taskMalformed)
    let header = try HeadHeader(check, classCount: classes.count, dimension: model.embeddingDimension)
    let kind = header.features
    guard let features = FeatureMap(kind, dimension: header.dimension, statistics: try StatisticsView.of(model)) else {
      throw check.refusal(at: 40, found: Int(truncatingIfNeeded: kind.rawValue))
    }
    try header.method.accept(PartsCheck(check: check, header: header, features: features.count))
    let hasUnlabelled = model.has(.unlabelled), needsExamples = header.method.traits.usesExamples || hasUnlabelled
    let examples = needsExamples ? try ExamplesView(model, classes: classes) : nil
    var propagated: PropagatedClassifier?
    if hasUnlabelled, let examples { propagated = try UnlabelledView.of(model, examples: examples)?.classifier }
    self.init(
      header, section: check.bytes, features: features, examples: header.method.traits.usesExamples ? examples?.support : nil,
      propagated: propagated)
  }

  /// A head that was just learned: `section` holds its parts, and is kept by the caller, as are `examples`.
  package init(
    _ header: HeadHeader, section: ByteRegion, features: FeatureMap, examples: SupportSet?, propagated: PropagatedClassifier? = nil
  ) {
    self.header = header
    self.section = section
    self.features = features
    self.examples = examples
    self.propagated = propagated
  }

  /// Of every head: the nearest prototype of the embeddings.
  public var classifier: CosineClassifier {
    let rows = section.slice(SectionLayout.wideHeaderByteCount, 4 * header.classCount * header.dimension)
    return CosineClassifier(
      prototypes: EmbeddingMatrix(rows, count: header.classCount, dimension: header.dimension), scale: calibration.scale,
      threshold: calibration.threshold)
  }

  /// The same head at another scale.
  package func scaled(_ scale: Float) -> HeadView {
    var header = header
    header.calibration.scale = scale
    return HeadView(header, section: section, features: features, examples: examples, propagated: propagated)
  }

  // MARK: Classifying

  /// Values that `classify` needs of working memory.
  public var scratchCount: Int {
    let head = method.accept(ClassifyingScratch(neighbours: calibration.neighbours))
    guard propagated != nil else { return featureCount + head }
    return featureCount
      + max(head, PropagatedClassifier.scratchCount(classes: header.classCount, dimension: header.dimension))
  }

  /// Values of a row of features, 0 for heads that see the embedding as it is.
  private var featureCount: Int { method.traits.features == .plain ? 0 : features.count }

  /// The most that `scratchCount` can be.
  package static func scratchLimit(classes: Int, dimension: Int) -> Int {
    let propagated = PropagatedClassifier.scratchCount(classes: classes, dimension: dimension)
    var limit = 0, code: UInt32 = 1
    while let method = HeadMethod(rawValue: code) {
      let traits = method.traits, row = traits.features == .plain ? 0 : traits.features.count(dimension)
      limit = max(limit, row + max(propagated, method.accept(ClassifyingScratch(neighbours: traits.neighbourLimit))))
      code += 1
    }
    return limit
  }

  /// Classifies an embedding of length 1, and of `length` as the encoder gave it. The probability of each class goes to the first
  /// values of `confidences`; `scratch` has at least `scratchCount`.
  @_lifetime(confidences: copy confidences)
  @_lifetime(scratch: copy scratch)
  public func classify(
    _ embedding: Embedding, length: Float, confidences: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) -> Prediction {
    precondition(confidences.count >= header.classCount && scratch.count >= scratchCount)
    return confidences.withElements { confidences in
      scratch.withElements { classify(embedding, length: length, confidences: confidences, scratch: $0) }
    }
  }

  /// The same in memory whose size the caller has checked.
  package func classify(
    _ embedding: Embedding, length: Float, confidences: Elements<Float>, scratch: Elements<Float>
  ) -> Prediction {
    let count = featureCount
    guard count > 0 else { return classify(features: embedding, of: embedding, confidences: confidences, scratch: scratch) }
    let row = scratch.slice(0, count)
    features.write(embedding, length: length, into: row)
    return classify(
      features: row.embedding, of: embedding, confidences: confidences, scratch: scratch.slice(count, scratch.count - count))
  }

  /// The same for an embedding whose features are known. `scratch` holds what is left of `scratchCount` without them.
  package func classify(
    features row: Embedding, of embedding: Embedding, confidences: Elements<Float>, scratch: Elements<Float>
  ) -> Prediction {
    var prediction = method.accept(
      Classifying(
        row: row, section: section, header: header, examples: examples, confidences: confidences, scratch: scratch))
    // Where the head means nothing, nothing that labels taught does.
    if let propagated, !calibration.isChance {
      propagated.refine(&prediction, embedding, calibration, confidences, scratch: scratch)
    }
    prediction.cosine = embedding.dot(classifier.prototypes[prediction.label])
    return prediction
  }
}

/// Refuses a section that does not hold a head's parts, or not as they must be.
private struct PartsCheck: HeadVisitor {
  let check: SectionCheck
  let header: HeadHeader
  let features: Int

  func visit<H: Head>(_ head: H.Type) throws(ModelError) {
    let (classes, dimension) = (header.classCount, header.dimension)
    try HeadParts<H>.requireByteCount(check, classes: classes, dimension: dimension, features: features)
    let parts = HeadParts<H>(reading: check.bytes, classes: classes, dimension: dimension, features: features, examples: nil)
    var index = 0
    while H.part(index, classes: classes, features: features) != nil {
      let values = parts.part(index), start = parts.start(ofPart: index)
      for position in 0..<values.count where !values[position].isFinite { throw check.refusal(at: start + 4 * position) }
      index += 1
    }
    try H.check(parts, check)
    try check.requireNormalized(parts.prototypes.matrix(classes, dimension), at: SectionLayout.wideHeaderByteCount)
  }
}

private struct ClassifyingScratch: HeadVisitor {
  typealias Failure = Never
  let neighbours: Int

  func visit<H: Head>(_ head: H.Type) -> Int { H.scratchCount(neighbours: neighbours) }
}

private struct Classifying: HeadVisitor {
  typealias Failure = Never
  let row: Embedding
  let section: ByteRegion
  let header: HeadHeader
  let examples: SupportSet?
  let confidences: Elements<Float>
  let scratch: Elements<Float>

  func visit<H: Head>(_ head: H.Type) -> Prediction {
    let parts = HeadParts<H>(
      reading: section, classes: header.classCount, dimension: header.dimension, features: row.count, examples: examples)
    return H.classify(row, parts, header.calibration, confidences: confidences, scratch: scratch)
  }
}
