import FewShotTestSupport
import HostRuntime
import Testing

@testable import FewShot
@testable import FewShotHost

/// Heads whose embeddings, or whose labels, say nothing.
struct ChanceTests {
  private let statistics: StatisticsView
  private let encoder: OpenedFile

  init() throws {
    encoder = try OpenedFile(try TestEncoder.bytes(dimension: 6, statistics: TestEncoder.statistics(dimension: 6, photos: 40)))
    statistics = try #require(try StatisticsView.of(encoder.model))
  }

  private func knowledge(_ classes: [[[Float]]]) throws -> Knowledge {
    var knowledge = Knowledge(dimension: 6)
    for (label, rows) in classes.enumerated() {
      try knowledge.add(rows.enumerated().map { LearnedExample(identifier: UInt64($0), embedding: $1) }, to: "c\(label)")
    }
    return knowledge
  }

  /// The largest confidence that a head has for an embedding.
  private func confidence(_ head: LearnedHead, _ embedding: [Float]) -> Float {
    let (values, length) = embedding.normalized()
    return withEmbedding(values) { HeadClassifier(head).classify($0, length: length).confidence }
  }

  @Test(
    "Equal embeddings: every class about as likely, also with one photo, and with one class far larger",
    arguments: HeadMethod.allCases, [[5, 5, 5, 5], [1, 1, 1, 1], [40, 2, 2, 2]])
  func equalEmbeddings(method: HeadMethod, counts: [Int]) throws {
    let embedding: [Float] = [0.1, 0.7, 0.2, 0, 0.4, 0.3]
    let knowledge = try knowledge(counts.map { [[Float]](repeating: embedding, count: $0) })
    let head = try LearnedHead(knowledge, statistics: statistics, method: .head(method))
    #expect(head.calibration.isChance, "\(head.calibration)")
    let found = confidence(head, embedding)
    #expect(found > 0.249 && found < 0.29, "\(method) \(counts): \(found)")
  }

  @Test func embeddingsOfZerosSayNothing() throws {
    let zeros = [Float](repeating: 0, count: 6)
    let head = try LearnedHead(
      try knowledge([[zeros, zeros], [zeros, zeros]]), statistics: nil, method: .head(.prototype))
    #expect(head.calibration.isChance && confidence(head, zeros) < 0.53)
  }

  @Test("Labels by chance: left-out photos are answered no better", arguments: [HeadMethod.prototype, .ridge])
  func labelsByChance(method: HeadMethod) throws {
    var source = SyntheticClasses(classes: 1, dimension: 6, spread: 0.5, seed: 3)
    let rows = (0..<5).map { _ in (0..<8).map { _ in source.embedding(ofClass: 0) } }
    let head = try LearnedHead(try knowledge(rows), statistics: nil, method: .head(method))
    #expect(head.calibration.leftOutRight <= 8 && head.calibration.isChance, "\(head.calibration)")
    #expect(confidence(head, rows[0][0]) < 0.25)
  }

  @Test func classesThatCanBeToldApartAreNotChance() throws {
    for shots in [1, 2, 5] {
      let head = try LearnedHead(try SyntheticClasses.knowledge(classes: 4, shots: shots), statistics: nil, method: .auto)
      #expect(!head.calibration.isChance && head.calibration.scale >= 1, "\(shots): \(head.calibration)")
    }
  }
}
