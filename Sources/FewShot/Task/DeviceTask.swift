public import TinyNN

/// A task being used and edited in memory that the caller gave: classes, examples, and the head that follows from them.
///
/// Where the host keeps a task in arrays (`TaskFile`), a device keeps it here, with room for a stated number of classes and
/// examples. The same edits give the same file, bit for bit, but for earlier states, which are not kept.
@safe public struct DeviceTask: ~Copyable {
  public let model: Model
  public internal(set) var classCount = 0
  public internal(set) var exampleCount = 0
  package var head = CurrentHead.none
  package let layout: DeviceTaskLayout
  private let base: UnsafeMutableRawPointer
  package let statistics: StatisticsView?
  private let fileHead: HeadView?
  package let fileUnlabelled: UnlabelledView?
  /// False once those of the file are forgotten.
  package var keepsFilesUnlabelled = true
  /// Nil where no memory is reserved for them.
  package var unlabelled: DeviceUnlabelled?
  /// Of an adapted encoder.
  package let givenCalibration: Calibration?
  /// Nil where no memory is reserved for it.
  package var history: DeviceHistory?
  /// True where the next edit keeps the state before it.
  package var keepsState = false

  /// What tells the classes apart.
  package enum CurrentHead {
    case none
    /// The file's own.
    case file
    case learned(Calibration)
    /// Any other, in memory that the caller gave for it: the head, and the section that it is in.
    case fitted(HeadView, ByteRegion)
  }

  /// Bytes of a task with room for so many classes and examples.
  public static func byteCount(for model: Model, classes: Int, examples: Int) throws(DeviceTaskError) -> Int {
    try layout(model, classes, examples).byteCount
  }

  private static func layout(_ model: Model, _ classes: Int, _ examples: Int) throws(DeviceTaskError) -> DeviceTaskLayout {
    guard classes >= 2, classes <= TaskLimits.classCount else { throw .tooManyClasses }
    guard examples >= 2, examples <= TaskLimits.exampleCount else { throw .tooManyExamples }
    let dimension = model.embeddingDimension
    guard dimension <= TaskLimits.dimension else { throw .tooLarge }
    let background: Int
    do { background = try StatisticsView.of(model)?.backgroundCount ?? 0 } catch { throw .malformed }
    guard let layout = DeviceTaskLayout(classes: classes, examples: examples, dimension: dimension, background: background) else {
      throw .tooLarge
    }
    return layout
  }

  /// Opens the task of a task file, or an empty one of an encoder, in `memory`: at least `byteCount` bytes at a multiple of 64,
  /// used by nobody else while the task lives.
  @unsafe public init(_ model: Model, classes: Int, examples: Int, memory: UnsafeMutableRawBufferPointer) throws(DeviceTaskError) {
    let layout = try DeviceTask.layout(model, classes, examples)
    guard memory.count >= layout.byteCount, let base = memory.baseAddress else { throw .memoryTooSmall }
    guard UInt(bitPattern: base) % UInt(Format.alignment) == 0 else { throw .memoryMisaligned }
    let file: FileParts
    do { file = try FileParts(model) } catch { throw .malformed }
    if let examples = file.examples {
      guard examples.support.classCount <= layout.classCapacity else { throw .tooManyClasses }
      guard examples.count <= layout.exampleCapacity else { throw .tooManyExamples }
    }
    self.model = model
    self.layout = layout
    // The caller's promise about the memory, see above.
    unsafe self.base = base
    statistics = file.statistics
    givenCalibration = file.calibration
    fileHead = file.head
    fileUnlabelled = file.unlabelled
    guard let classes = file.classes, let examples = file.examples else { return }
    classCount = classes.count
    exampleCount = examples.count
    copy(classes, examples, model.section(.examples))
    head = .file
  }

  /// What the file says about a task, checked.
  private struct FileParts {
    let statistics: StatisticsView?
    let calibration: Calibration?
    var classes: ClassesView?
    var examples: ExamplesView?
    var head: HeadView?
    var unlabelled: UnlabelledView?

    init(_ model: Model) throws(ModelError) {
      statistics = try StatisticsView.of(model)
      calibration = try AdaptationCalibration.of(model)
      guard model.has(.classes) else { return }
      let classes = try ClassesView(model)
      self.classes = classes
      let examples = try ExamplesView(model, classes: classes)
      self.examples = examples
      unlabelled = try UnlabelledView.of(model, examples: examples)
      head = try HeadView(model, classes: classes)
    }
  }

  /// Copies what these say, of which there is room; `section` is the one of the examples. The counts are the caller's: Swift 6.2
  /// forbids an initializer to call a mutating method where a property is a `let`.
  package func copy(_ classes: ClassesView, _ examples: ExamplesView, _ section: ByteRegion) {
    for index in 0..<classes.count { setName(index, classes[index]) }
    records.copy(section.slice(SectionLayout.headerByteCount, examples.count * SectionLayout.exampleRecordByteCount), to: 0)
    let rows = self.rows, source = examples.support.embeddings
    for index in 0..<examples.count {
      let row = source[index]
      for column in 0..<layout.dimension { rows[index * layout.dimension + column] = row[column] }
    }
  }

  // MARK: Memory

  package func bytes(_ offset: Int, _ count: Int) -> Elements<UInt8> {
    assert(offset >= 0 && offset + count <= layout.byteCount)
    // In bounds: the layout's places, and the memory was compared with its size.
    return unsafe Elements(base + offset, count: count)
  }

  private func floats(_ offset: Int, _ count: Int) -> Elements<Float> {
    assert(offset >= 0 && offset + 4 * count <= layout.byteCount)
    // In bounds: as above.
    return unsafe Elements(base + offset, count: count)
  }

  package var records: Elements<UInt8> { bytes(layout.records, layout.exampleCapacity * SectionLayout.exampleRecordByteCount) }
  package var rows: Elements<Float> { floats(layout.rows, layout.exampleCapacity * layout.dimension) }
  package var prototypes: Elements<Float> { floats(layout.prototypes, classCount * layout.dimension) }
  private var scratch: Elements<Float> { floats(layout.scratch, layout.scratchCount) }

  /// The probability of each class at the last `classify`.
  public func confidence(_ index: Int) -> Float { floats(layout.confidences, layout.classCapacity)[index] }

  /// Memory for one value of each class.
  public var logits: Elements<Float> {
    // In bounds: the layout's place.
    unsafe Elements(base + layout.confidences, count: classCount)
  }

  /// What the cosine head compares with, [classes][dimension]; of a file's head its own. Nil if nothing was learned.
  public var learnedPrototypes: EmbeddingMatrix? {
    switch head {
    case .none: nil
    case .file: fileHead?.classifier.prototypes
    case .learned: prototypeMatrix
    case .fitted(let head, _): head.classifier.prototypes
    }
  }

  private var prototypeMatrix: EmbeddingMatrix { prototypes.matrix(classCount, layout.dimension) }

  package var support: SupportSet { support(of: rows.matrix(exampleCount, layout.dimension)) }

  /// Other rows with the examples' labels.
  package func support(of rows: EmbeddingMatrix) -> SupportSet {
    // The records are this task's; their labels are below `classCount`.
    unsafe SupportSet(
      embeddings: rows, labels: base + layout.records, labelStride: SectionLayout.exampleRecordByteCount, classCount: classCount)
  }

  // MARK: Learning

  /// Learns prototypes and calibrates them, and with photos without labels what answers beside them.
  public mutating func learn() throws(DeviceTaskError) {
    guard classCount >= 2 else { throw .tooFewClasses }
    try learnUnlabelled()
    PrototypeHead.learn(support, into: prototypes)
    if let givenCalibration {
      head = .learned(givenCalibration)
    } else {
      let nearness = nearness()
      head = .learned(
        Calibrator.calibrate(
          support, prototypes: prototypeMatrix, statistics: statistics, nearness: nearness, scratch: scratch))
    }
  }

  /// Scale and threshold of the head.
  public var calibration: Calibration? {
    switch head {
    case .none: nil
    case .file: fileHead?.calibration
    case .learned(let calibration): calibration
    case .fitted(let head, _): head.calibration
    }
  }

  /// The method of the head, and whether it was chosen for the photos; nil if nothing was learned.
  public var method: (HeadMethod, isChosen: Bool)? {
    switch head {
    case .none: nil
    case .file: fileHead.map { ($0.method, $0.isChosen) }
    case .learned: (.prototype, false)
    case .fitted(let head, _): (head.method, head.isChosen)
    }
  }

  /// Classifies an embedding of the model's dimension, as the network gives it.
  public mutating func classify(_ embedding: Embedding) throws(DeviceTaskError) -> Prediction {
    guard embedding.count == layout.dimension else { throw .tooLarge }
    let scratch = self.scratch
    let row = scratch.slice(0, layout.dimension)
    let confidences = floats(layout.confidences, classCount)
    let length = normalized(embedding, into: row)
    guard length.isFinite else { throw .notFinite }
    let rest = scratch.slice(layout.dimension, scratch.count - layout.dimension)
    switch head {
    case .none: throw .notLearned
    case .file:
      guard let fileHead else { throw .notLearned }
      return fileHead.classify(row.embedding, length: length, confidences: confidences, scratch: rest)
    case .fitted(let head, _):
      return head.classify(row.embedding, length: length, confidences: confidences, scratch: rest)
    case .learned(let calibration):
      var prediction = CosineClassifier(
        prototypes: prototypeMatrix, scale: calibration.scale, threshold: calibration.threshold
      ).classify(row.embedding, confidences: confidences)
      guard !calibration.isChance, let classifier = unlabelled?.classifier(support) else { return prediction }
      classifier.refine(&prediction, row.embedding, calibration, confidences, scratch: rest)
      prediction.cosine = row.embedding.dot(prototypeMatrix[prediction.label])
      return prediction
    }
  }

  /// Copies an embedding and scales it to length 1; returns its length, not finite where a value is not.
  package func normalized(_ embedding: Embedding, into row: Elements<Float>) -> Float {
    row.copy(embedding)
    return row.normalize()
  }

  /// Memory for one embedding.
  package var spareRow: Elements<Float> { scratch.slice(0, layout.dimension) }
}
