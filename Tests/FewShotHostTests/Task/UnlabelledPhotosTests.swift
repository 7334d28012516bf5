import FewShotTestSupport
import HostRuntime
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// Photos without labels in a task file.
@Suite struct UnlabelledPhotosTests {
  private let encoder: OpenedFile

  init() throws { encoder = try OpenedFile(TestEncoder.bytes(statistics: TestEncoder.statistics())) }

  private func task(classes: Int = 3, shots: Int = 3, photos: Int = 30, method: LearningMethod = .auto) throws -> TaskFile {
    var task = TaskFile(try SyntheticClasses.knowledge(classes: classes, shots: shots), method: method)
    var source = SyntheticClasses(classes: classes, dimension: 8, seed: 1), unlabelled = UnlabelledPhotos(dimension: 8)
    for index in 0..<photos { unlabelled.add(source.embedding(ofClass: index % classes), identifier: UInt64(9000 - index)) }
    task.unlabelled = unlabelled
    return task
  }

  @Test func whatIsWrittenIsRead() throws {
    // The embeddings have negative values, of which power makes no sense.
    for method in HeadMethod.allCases where method != .power { try writeAndRead(.head(method)) }
    try writeAndRead(.auto)
  }

  private func writeAndRead(_ method: LearningMethod) throws {
    let task = try task(method: method), (bytes, head) = try task.encoded(encoder: encoder.model)
    let file = try OpenedFile(bytes), again = try #require(try TaskFile(reading: file.model))
    #expect(again == task)
    #expect(file.model.bytes.word(8) == Format.extendedVersion)
    #expect(try again.encoded(encoder: file.model).bytes == bytes)
    let view = try HeadView(file.model, classes: ClassesView(file.model))
    #expect(view.scratchCount <= HeadView.scratchLimit(classes: 3, dimension: 8))
    let learned = HeadClassifier(head)
    var source = SyntheticClasses(classes: 3, dimension: 8, seed: 1)
    for label in 0..<3 {
      let embedding = source.embedding(ofClass: label), (values, length) = embedding.normalized()
      let expected = values.withUnsafeBufferPointer {
        learned.classify(Embedding($0.baseAddress!, count: $0.count), length: length)
      }
      #expect(try classify(bytes, embedding) == expected)
    }
  }

  @Test func withoutThemItIsTheTaskThatNeverHadAny() throws {
    var task = try task()
    let with = try task.encoded(encoder: encoder.model).bytes
    task.unlabelled = nil
    let without = try task.encoded(encoder: encoder.model).bytes
    #expect(with != without)
    // On top of a task with them, too: its section is the task's.
    let file = try OpenedFile(with), plain = try OpenedFile(without)
    #expect(try task.encoded(encoder: file.model).bytes == without)
    #expect(plain.model.bytes.word(8) == Format.version)
    withExtendedLifetime((file, plain)) {}
  }

  @Test func editsLearnWithThem() throws {
    var task = try task()
    let photos = try #require(task.unlabelled), first = photos.identifiers[0]
    var source = SyntheticClasses(classes: 4, dimension: 8, seed: 5)
    let example = LearnedExample(identifier: first, embedding: source.embedding(ofClass: 3))
    try task.edit { knowledge throws(TaskEditError) in try knowledge.add([example], to: "new") }
    let file = try OpenedFile(task.encoded(encoder: encoder.model).bytes)
    let view = try #require(
      try UnlabelledView.of(file.model, examples: ExamplesView(file.model, classes: ClassesView(file.model))))
    #expect(view.count == photos.count - 1 && view.parts.classes == 4, "a photo with a label is no longer without")
    try task.undo()
    #expect(try task.encoded(encoder: encoder.model).bytes == self.task().encoded(encoder: encoder.model).bytes)
  }

  /// Every byte of the section's header, and cut off anywhere: refused, or another task that answers.
  @Test func damagedSectionsAreRefused() throws {
    let bytes = try task().encoded(encoder: encoder.model).bytes
    let file = try OpenedFile(bytes), start = file.model.offset(of: .unlabelled), count = file.model.section(.unlabelled).count
    var refused = 0
    for position in 0..<64 {
      for value in [0, 1, 0x7F, 0xFF] as [UInt8] where bytes[start + position] != value {
        var damaged = bytes
        damaged[start + position] = value
        refused += try isRefused(damaged) ? 1 : 0
      }
    }
    // All but the two flags.
    #expect(refused >= 64 * 3 - 4, "\(refused)")
    for position in stride(from: 64, to: count - 8, by: 37) {
      var damaged = bytes
      for byte in 0..<4 { damaged[start + position + byte] = 0xFF }
      _ = try isRefused(damaged)
    }
  }

  private func isRefused(_ bytes: [UInt8]) throws -> Bool {
    let memory = AlignedMemory(copying: bytes)
    memory.buffer.storeBytes(of: Checksum.ofFile(memory.bytes), toByteOffset: 24, as: UInt64.self)
    do {
      let answer = try classify(memory, [1, 2, 3, 4, 5, 6, 7, 8])
      #expect(answer.confidence >= 0 && answer.confidence <= 1.001, "\(answer)")
      return false
    } catch let error as ModelError {
      #expect(error.reason == .taskMalformed && error.byteOffset > 0, "\(error)")
      return true
    }
  }

  private func classify(_ bytes: [UInt8], _ embedding: [Float]) throws -> Prediction {
    try classify(AlignedMemory(copying: bytes), embedding)
  }

  /// What the head of a file says of an embedding.
  private func classify(_ file: AlignedMemory, _ embedding: [Float]) throws -> Prediction {
    defer { withExtendedLifetime(file) {} }
    let model = try Model(validating: file.bytes), head = try HeadView(model, classes: ClassesView(model))
    let (values, length) = embedding.normalized()
    var confidences = [Float](repeating: 0, count: 3), scratch = [Float](repeating: 0, count: head.scratchCount)
    var span = confidences.mutableSpan, scratchSpan = scratch.mutableSpan
    return values.withUnsafeBufferPointer {
      head.classify(
        Embedding($0.baseAddress!, count: $0.count), length: length, confidences: &span, scratch: &scratchSpan)
    }
  }
}
