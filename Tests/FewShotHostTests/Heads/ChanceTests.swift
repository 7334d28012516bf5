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

  @Test("Classes shuffled at random, five photos each: nearly all are found out")
  func shuffledClasses() throws {
    var found = 0
    let turns = 40
    for turn in 0..<turns {
      var source = SyntheticClasses(classes: 6, dimension: 6, spread: 0.3, seed: UInt64(turn))
      var rows = (0..<6).flatMap { label in (0..<5).map { _ in source.embedding(ofClass: label) } }
      var random = CounterRandom(seed: UInt64(turn), stream: 1)
      rows.shuffle(&random)
      let knowledge = try knowledge((0..<6).map { Array(rows[5 * $0..<5 * $0 + 5]) })
      let head = try LearnedHead(knowledge, statistics: nil, method: .head(.prototype))
      if head.calibration.isChance {
        found += 1
        #expect(confidence(head, rows[0]) < 0.2, "turn \(turn): \(head.calibration)")
      }
    }
    #expect(found * 10 >= turns * 8, "\(found) of \(turns)")
  }

  @Test("Photos that are answered better than by chance, if not well, are not chance", arguments: [3, 5, 8])
  func weakClasses(shots: Int) throws {
    var warned = 0
    let turns = 40
    for turn in 0..<turns {
      let knowledge = try SyntheticClasses.knowledge(classes: 5, shots: shots, dimension: 6, spread: 0.9, seed: UInt64(turn))
      let calibration = try LearnedHead(knowledge, statistics: nil, method: .head(.prototype)).calibration
      if calibration.leftOutRight * 2 >= calibration.leftOutCount {
        #expect(!calibration.isChance, "turn \(turn): \(calibration)")
        warned += 1
      }
    }
    #expect(warned > 0, "no task was half right")
  }

  @Test func classesThatCanBeToldApartAreNotChance() throws {
    for shots in [1, 2, 5] {
      let head = try LearnedHead(try SyntheticClasses.knowledge(classes: 4, shots: shots), statistics: nil, method: .auto)
      #expect(!head.calibration.isChance && head.calibration.scale >= 1, "\(shots): \(head.calibration)")
    }
  }
}

extension Array {
  fileprivate mutating func shuffle(_ random: inout CounterRandom) {
    for index in indices.dropFirst().reversed() { swapAt(index, Int(random.next() % UInt32(index + 1))) }
  }
}
