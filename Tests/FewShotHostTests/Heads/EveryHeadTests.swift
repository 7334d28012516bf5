import FewShotTestSupport
import HostRuntime
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// What must hold of every head. A new one is tested here without a word.
struct EveryHeadTests {
  private let encoder: OpenedFile
  private let statistics: StatisticsView

  init() throws {
    encoder = try OpenedFile(try TestEncoder.bytes(dimension: 6, statistics: TestEncoder.statistics(dimension: 6, photos: 40)))
    statistics = try #require(try StatisticsView.of(encoder.model))
  }

  /// Embeddings as the encoder gives them; not below zero, as some heads need them.
  private func embeddings(classes: Int, shots: Int, spread: Float = 0.5, seed: UInt64 = 1) -> [[[Float]]] {
    var source = SyntheticClasses(classes: classes, dimension: 6, spread: spread, seed: seed)
    return (0..<classes).map { label in (0..<shots).map { _ in source.embedding(ofClass: label).map(\.magnitude) } }
  }

  private func knowledge(_ embeddings: [[[Float]]]) throws -> Knowledge {
    var knowledge = Knowledge(dimension: 6)
    for (label, rows) in embeddings.enumerated() {
      let examples = rows.enumerated().map { LearnedExample(identifier: UInt64($0), embedding: $1) }
      try knowledge.add(examples, to: "c\(label)")
    }
    return knowledge
  }

  @Test(arguments: HeadMethod.allCases) func theSwitchFindsIt(method: HeadMethod) {
    #expect(method.traits.method == method)
    #expect(method.traits.presetScale > 0 && method.traits.oneShotScale > 0)
  }

  @Test(arguments: HeadMethod.allCases, [1, 4]) func aFileSaysTheSame(method: HeadMethod, shots: Int) throws {
    let embeddings = embeddings(classes: 3, shots: shots, spread: 0.2)
    var task = TaskFile(try knowledge(embeddings), method: .head(method))
    let (bytes, head) = try task.encoded(encoder: encoder.model)
    let file = try OpenedFile(bytes)
    let view = try HeadView(file.model, classes: try ClassesView(file.model))
    #expect(view.method == method && !view.isChosen && view.calibration == head.calibration)
    #expect(view.features.kind == head.features.kind)
    #expect(try #require(try TaskFile(reading: file.model)).method == .head(method))

    // The same bits from the file and from what was just learned.
    let learned = HeadClassifier(head)
    var confidences = [Float](repeating: 0, count: 3), scratch = [Float](repeating: 0, count: view.scratchCount)
    var right = 0
    for (label, rows) in embeddings.enumerated() {
      for row in rows {
        let (values, length) = row.normalized()
        var confidenceSpan = confidences.mutableSpan, scratchSpan = scratch.mutableSpan
        let prediction = withEmbedding(values) {
          view.classify($0, length: length, confidences: &confidenceSpan, scratch: &scratchSpan)
        }
        #expect(withEmbedding(values) { learned.classify($0, length: length) } == prediction)
        #expect((0..<3).map { learned.confidences[$0] } == confidences)
        #expect(abs(confidences.reduce(0, +) - 1) < 1e-5 && prediction.confidence == confidences[prediction.label])
        #expect(prediction.isUnknown == (prediction.score < view.calibration.threshold))
        right += prediction.label == label ? 1 : 0
      }
    }
    #expect(right >= 3 * shots - 2, "\(method): \(right) of \(3 * shots) examples that it learned from")

    // The same knowledge gives the same bytes, also after an edit and its reverse.
    let added = task.knowledge.classes[0].examples
    try task.edit { knowledge throws(TaskEditError) in try knowledge.add(added, to: "extra") }
    try task.undo()
    #expect(try task.encoded(encoder: encoder.model).bytes == bytes)
  }

  /// Every left-out example is classified as by a head that never saw it, with the same calibration. Ridge regression keeps the
  /// centre and the penalty of all examples; `RidgeHeadTests` has it exactly.
  @Test(arguments: HeadMethod.allCases, [UInt64(1), 2, 3]) func leavingOutIsLearningAgain(method: HeadMethod, seed: UInt64) throws {
    let embeddings = embeddings(classes: 4, shots: 3, spread: 0.9, seed: seed)
    let head = try LearnedHead(try knowledge(embeddings), statistics: statistics, method: .head(method))
    var right = 0
    for (label, rows) in embeddings.enumerated() {
      for index in rows.indices {
        var rest = embeddings
        rest[label].remove(at: index)
        let others = try knowledge(rest)
        let again = try LearnedHead(others, statistics: statistics, method: .head(method))
        let (values, length) = rows[index].normalized()
        right += classify(values, length, again, others, head.calibration) == label ? 1 : 0
      }
    }
    #expect(head.calibration.leftOutCount == 12)
    let difference = abs(head.calibration.leftOutRight - right)
    #expect(difference <= (method == .ridge ? 1 : 0), "\(method): \(head.calibration.leftOutRight) right, learning again \(right)")
  }

  /// The label that `head`, learned from `knowledge`, gives with the calibration of another.
  private func classify(
    _ embedding: [Float], _ length: Float, _ head: LearnedHead, _ knowledge: Knowledge, _ calibration: Calibration
  ) -> Int {
    let examples = ExampleMemory(count: knowledge.exampleCount, classCount: knowledge.classes.count, dimension: 6)
    var count = 0
    for (label, learned) in knowledge.classes.enumerated() {
      for example in learned.examples {
        examples.set(count, to: example.embedding.span, label: label)
        count += 1
      }
    }
    let section = AlignedMemory(copying: head.section)
    defer { withExtendedLifetime((examples, section)) {} }
    let header = HeadHeader(
      head.method, isChosen: false, features: head.features.kind, calibration: calibration, classCount: examples.classCount,
      dimension: 6)
    let view = HeadView(header, section: section.bytes, features: head.features, examples: examples.support)
    var confidences = [Float](repeating: 0, count: examples.classCount)
    var scratch = [Float](repeating: 0, count: view.scratchCount)
    var confidenceSpan = confidences.mutableSpan, scratchSpan = scratch.mutableSpan
    return withEmbedding(embedding) {
      view.classify($0, length: length, confidences: &confidenceSpan, scratch: &scratchSpan).label
    }
  }

  // MARK: Memory

  /// Learns in memory of the stated size, behind which nothing must change.
  private struct WalledLearning: HeadVisitor {
    typealias Failure = Never
    static let wall: Float = 12_345
    let examples: ExampleMemory
    let features: FeatureRows
    let statistics: StatisticsView

    func visit<H: Head>(_ head: H.Type) -> Bool {
      let count = examples.count
      let classes = examples.classCount
      let dimension = examples.dimension
      let width = features.map.count
      let scratchCount = H.scratchCount(
        examples: count, classes: classes, dimension: dimension, background: statistics.backgroundCount)
      let byteCount = HeadParts<H>.byteCount(classes: classes, dimension: dimension, features: width)
      let section = AlignedMemory(byteCount: byteCount + 4), scratch = AlignedMemory(byteCount: 4 * (scratchCount + 1))
      let leftOut = AlignedMemory(byteCount: 4 * (count * classes + 1))
      for memory in [section, scratch, leftOut] { memory.floats[memory.floats.count - 1] = WalledLearning.wall }
      let learned = HeadExamples(
        embeddings: examples.support, features: examples.support(features.matrix), map: features.map, statistics: statistics)
      let parts = HeadParts<H>(
        section.elements.slice(0, byteCount), classes: classes, dimension: dimension, features: width, examples: nil)
      let scores = leftOut.floats.slice(0, count * classes), work = scratch.floats.slice(0, scratchCount)
      PrototypeHead.learn(learned.embeddings, into: parts.prototypes)
      H.learn(learned, penalty: H.penalty(fewest: 1), into: parts, leftOut: scores, scratch: work)
      _ = H.calibrate(learned, penalty: H.penalty(fewest: 1), parts, leftOut: scores, scratch: work)
      return [section, scratch, leftOut].allSatisfy { $0.floats[$0.floats.count - 1] == WalledLearning.wall }
    }
  }

  @Test(arguments: HeadMethod.allCases, [1, 3]) func theStatedMemoryIsEnough(method: HeadMethod, shots: Int) throws {
    let examples = ExampleMemory(count: 5 * shots, classCount: 5, dimension: 6)
    var lengths: [Float] = []
    for (label, rows) in embeddings(classes: 5, shots: shots).enumerated() {
      for row in rows {
        let (values, length) = row.normalized()
        examples.set(lengths.count, to: values.span, label: label)
        lengths.append(length)
      }
    }
    let features = try HeadLearner(examples: examples, lengths: lengths, statistics: statistics).features(of: method)
    #expect(method.accept(WalledLearning(examples: examples, features: features, statistics: statistics)))
  }

  @Test(arguments: HeadMethod.allCases.filter { $0 != .prototype }) func tooLittleMemoryToClassifyIsRefused(method: HeadMethod)
    async
  {
    await #expect(processExitsWith: .failure) { [code = method.rawValue as UInt32] in
      let encoder = try OpenedFile(
        try TestEncoder.bytes(dimension: 6, statistics: TestEncoder.statistics(dimension: 6, photos: 40)))
      let method = try #require(HeadMethod(rawValue: code))
      var source = SyntheticClasses(classes: 2, dimension: 6)
      var knowledge = Knowledge(dimension: 6)
      for label in 0..<2 {
        let row = source.embedding(ofClass: label).map(\.magnitude)
        try knowledge.add([LearnedExample(identifier: 0, embedding: row)], to: "c\(label)")
      }
      let head = try LearnedHead(knowledge, statistics: try StatisticsView.of(encoder.model), method: .head(method))
      var confidences = [Float](repeating: 0, count: 2), scratch = [Float](repeating: 0, count: head.view.scratchCount - 1)
      var confidenceSpan = confidences.mutableSpan, scratchSpan = scratch.mutableSpan
      _ = withEmbedding(source.noise()) {
        head.view.classify($0, length: 1, confidences: &confidenceSpan, scratch: &scratchSpan)
      }
    }
  }

  // MARK: Damage

  @Test(arguments: HeadMethod.allCases) func damagedSectionsAreRefusedOrReadSafely(method: HeadMethod) throws {
    let task = TaskFile(try knowledge(embeddings(classes: 2, shots: 2)), method: .head(method))
    let file = try task.encoded(encoder: encoder.model).bytes
    let opened = try OpenedFile(file)
    let start = opened.model.offset(of: .head), end = start + opened.model.section(.head).count
    var refused = 0
    for position in start..<end {
      var damaged = file
      damaged[position] ^= position % 2 == 0 ? 0xFF : 0x80
      let other = try OpenedFile(damaged.withRepairedChecksum())
      do { _ = try HeadView(other.model, classes: try ClassesView(other.model)) } catch {
        refused += 1
        #expect(error.reason == .taskMalformed, "byte \(position - start): \(error)")
        #expect((start..<end).contains(error.byteOffset), "byte \(position - start): \(error)")
      }
    }
    #expect(refused > (end - start) / 10, "\(refused) of \(end - start) changes are refused")
  }

  @Test(arguments: HeadMethod.allCases) func truncatedAndExtendedSectionsAreRefused(method: HeadMethod) throws {
    let task = TaskFile(try knowledge(embeddings(classes: 2, shots: 2)), method: .head(method))
    let opened = try OpenedFile(try task.encoded(encoder: encoder.model).bytes)
    let section = opened.model.section(.head).array
    for bytes in (0..<section.count).map({ Array(section[..<$0]) }) + [section + [0]] {
      var writer = FileWriter(copying: opened.model, except: [.head])
      writer.add(.head, bytes)
      let other = try OpenedFile(writer.finish())
      #expect(throws: ModelError.self, "\(method) of \(bytes.count) bytes, not \(section.count)") {
        try HeadView(other.model, classes: try ClassesView(other.model))
      }
    }
  }
}
