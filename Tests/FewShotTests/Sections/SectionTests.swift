import FewShotTestSupport
import HostRuntime
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// Task files with every part: statistics, classes, examples, head, history.
@Suite struct SectionTests {
  static let kinds: [SectionKind] = [.statistics, .classes, .examples, .head, .history]

  let file: [UInt8]

  init() throws {
    var statistics = TestEncoder.statistics(dimension: 5, photos: 6)
    statistics.scales = ScaleTable(scales: [[1.5, 2, 3], [4, 0, 6]])
    let encoder = try OpenedFile(TestEncoder.bytes(dimension: 5, statistics: statistics))
    var task = TaskFile(try SyntheticClasses.knowledge(classes: 3, shots: 2, dimension: 5))
    try task.edit { knowledge throws(TaskEditError) in try knowledge.rename("c1", to: "name with ü") }
    try task.edit { knowledge throws(TaskEditError) in try knowledge.remove("c0") }
    file = try task.encoded(encoder: encoder.model).bytes
  }

  private func readAll(_ bytes: [UInt8]) throws(ModelError) {
    let opened = try OpenedFile(bytes)
    _ = try TaskFile(reading: opened.model)
    guard let statistics = try StatisticsView.of(opened.model) else { return }
    var row = [Float](repeating: 0, count: statistics.dimension)
    for index in 0..<statistics.backgroundCount {
      var span = row.mutableSpan
      statistics.copyBackground(index, into: &span)
    }
  }

  @Test func theWholeFileIsRead() throws {
    try readAll(file)
    let opened = try OpenedFile(file)
    for kind in SectionTests.kinds { #expect(opened.model.has(kind), "\(kind)") }
    let task = try #require(try TaskFile(reading: opened.model))
    #expect(task.knowledge.classes.map(\.name) == ["c2", "name with ü"])
    #expect(task.history.map { $0.classes.map(\.name) } == [["c0", "c1", "c2"], ["c0", "c2", "name with ü"]])
  }

  /// Whatever a byte is changed to, reading ends: with an error in the section, or with other values.
  @Test(arguments: SectionTests.kinds) func damagedSectionsAreRefusedOrReadSafely(kind: SectionKind) throws {
    let opened = try OpenedFile(file)
    let start = opened.model.offset(of: kind), end = start + opened.model.section(kind).count
    var refused = 0
    for position in start..<end {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = file
        damaged[position] ^= change
        do { try readAll(damaged.withRepairedChecksum()) } catch {
          refused += 1
          #expect(
            error.reason == (kind == .statistics ? .statisticsMalformed : .taskMalformed),
            "byte \(position - start) of \(kind): \(error)")
          #expect((start..<end).contains(error.byteOffset) || isLinked(kind), "byte \(position - start) of \(kind): \(error)")
        }
      }
    }
    #expect(refused > 3 * (end - start) / 20, "\(refused) of \(3 * (end - start)) changes of \(kind) are refused")
  }

  /// The number of classes is checked where the other sections repeat it.
  private func isLinked(_ kind: SectionKind) -> Bool { kind == .classes }

  @Test(arguments: SectionTests.kinds) func truncatedAndExtendedSectionsAreRefused(kind: SectionKind) throws {
    let opened = try OpenedFile(file)
    let section = opened.model.section(kind).array
    for count in 0..<section.count {
      var writer = FileWriter(copying: opened.model, except: [kind])
      writer.add(kind, Array(section[..<count]))
      #expect(throws: ModelError.self, "\(kind) cut to \(count) bytes") { try readAll(writer.finish()) }
    }
    var writer = FileWriter(copying: opened.model, except: [kind])
    writer.add(kind, section + [0])
    #expect(throws: ModelError.self) { try readAll(writer.finish()) }
  }

  @Test func neighboursNeedTheirExamplesAndTheirNumber() throws {
    let opened = try OpenedFile(file)
    var task = try #require(try TaskFile(reading: opened.model))
    task.method = .head(.knn)
    let encoded = try OpenedFile(try task.encoded(encoder: opened.model).bytes)
    let section = encoded.model.section(.head).array
    for neighbours: UInt32 in [0, 16, .max] {
      var damaged = section
      damaged.store(neighbours, at: 52)
      var writer = FileWriter(copying: encoded.model, except: [.head])
      writer.add(.head, damaged)
      #expect(throws: ModelError.self, "\(neighbours) neighbours") { try readAll(writer.finish()) }
    }
    try readAll(encoded.model.bytes.array)
  }

  @Test(arguments: [SectionKind.examples, .head]) func missingSectionsAreNamed(kind: SectionKind) throws {
    let opened = try OpenedFile(file)
    let writer = FileWriter(copying: opened.model, except: [kind])
    do {
      try readAll(writer.finish())
      Issue.record("a task without \(kind) was read")
    } catch { #expect(error.reason == .sectionMissing && error.needed == Int(kind.rawValue)) }
  }

  @Test func hugeCountsAreRefusedBeforeTheyAreUsed() throws {
    let opened = try OpenedFile(file)
    for kind in SectionTests.kinds {
      for field in stride(from: 4, to: 40, by: 4) where field + 4 <= opened.model.section(kind).count {
        for value: UInt32 in [.max, 0x8000_0000, 0x7FFF_FFFF, 0x0100_0000] {
          var section = opened.model.section(kind).array
          section.store(value, at: field)
          var writer = FileWriter(copying: opened.model, except: [kind])
          writer.add(kind, section)
          // Some fields may hold anything; what counts is that nothing is read outside.
          try? readAll(writer.finish())
        }
      }
    }
  }

  @Test func tasksOfAnotherDimensionAreRefused() throws {
    let opened = try OpenedFile(file)
    let other = try OpenedFile(TestEncoder.bytes(dimension: 6))
    var writer = FileWriter(copying: other.model, except: [])
    for kind: SectionKind in [.classes, .examples, .head] { writer.add(kind, opened.model.section(kind).array) }
    do {
      try readAll(writer.finish())
      Issue.record("examples of 5 values were read for an encoder of 6")
    } catch { #expect(error.reason == .taskMalformed && error.found == 5 && error.needed == 6) }
  }
}
