import FewShot
import FewShotTestSupport
import HostRuntime
import ModelCompiler
import Testing
import TinyNN

@testable import FewShotHost

/// The way back from an adapted encoder.
@Suite struct AdaptationRecordTests {
  let before: OpenedFile
  let after: OpenedFile
  let task: TaskFile

  /// Two runs of changed bytes, one of them over several lines.
  init() throws {
    let file = try TestPhotos.threeLayers()
    before = try OpenedFile(file)
    var weights = before.model.section(.weights).array
    for place in [3, 200, 201, 260, 460] { weights[place] ^= 1 }
    var writer = FileWriter(copying: before.model, except: [.weights])
    writer.add(.weights, weights)
    after = try OpenedFile(writer.finish())
    task = TaskFile(try SyntheticClasses.knowledge(classes: 2, shots: 2, dimension: 10), method: .auto)
  }

  private var calibration: Calibration {
    Calibration(
      scale: 12, threshold: 0.25, scaleSource: .leaveOneOut, thresholdSource: .leaveOneOut, leftOutCount: 8, leftOutRight: 7)
  }

  private func adapted(_ calibration: Calibration?) throws -> OpenedFile {
    let encoder = try AdaptedEncoder(
      before.model, changed: after.model, task: task, calibration: calibration, keepsStatistics: true, aligned: task.knowledge)
    return try OpenedFile(encoder.memory.bytes.array)
  }

  @Test func keepsOnlyTheLinesThatChanged() throws {
    let record = AdaptationRecord(before: before.model, after: after.model, task: task, calibration: nil, aligned: nil)
    #expect(record.patches.map(\.offset) == [0, 192, 448] && record.patches.map(\.bytes.count) == [64, 128, 64])
  }

  @Test func bringsBackTheEncoderAndTheTask() throws {
    for calibration in [nil, calibration] {
      let adapted = try adapted(calibration)
      let record = try #require(try AdaptationRecord(reading: adapted.model))
      #expect(record.previous == task && record.calibration?.scale == calibration?.scale)
      #expect(record.calibration?.leftOutRight == calibration?.leftOutRight)
      let restored = try OpenedFile(record.restored(adapted.model))
      #expect(restored.model.hasSameEncoder(as: before.model) && !adapted.model.hasSameEncoder(as: before.model))
      #expect(record.restores(adapted.model, to: before.model))
    }
  }

  @Test func keepsWhatTheAlignedEncoderSees() throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 2, shots: 4, dimension: 10, spread: 0.1)
    let same = try knowledge.replacingExamples(
      by: knowledge.classes.flatMap(\.examples).map {
        LearnedExample(identifier: $0.identifier, embedding: [Float](repeating: 1, count: 10))
      })
    for (aligned, accuracy) in [(nil, nil), (knowledge, 1.0), (same, 0.5)] as [(Knowledge?, Double?)] {
      let encoder = try AdaptedEncoder(
        before.model, changed: after.model, task: TaskFile(knowledge), calibration: calibration, keepsStatistics: true,
        aligned: aligned)
      let record = try #require(try AdaptationRecord(reading: encoder.model))
      #expect(record.aligned == aligned && record.previous.knowledge == knowledge)
      #expect(record.calibration?.leftOutRight == calibration.leftOutRight)
      let head = try LearnedHead(knowledge, statistics: nil, method: .head(.ridge))
      #expect(try record.leaveOneOutAccuracy(knowledge, LeftOutHead(head), statistics: nil) == accuracy)
    }
  }

  @Test func knowsOtherEncoders() throws {
    let adapted = try adapted(nil)
    let record = try #require(try AdaptationRecord(reading: adapted.model))
    #expect(!record.restores(adapted.model, to: after.model))
    #expect(!record.restores(adapted.model, to: try OpenedFile(TestPhotos.threeLayers(seed: 9)).model))
    #expect(!record.restores(adapted.model, to: try OpenedFile(TestEncoder.bytes()).model))
    #expect(try AdaptationRecord(reading: before.model) == nil)
  }

  /// Every word of the header and every byte of it: refused or read, never trapped.
  @Test func damagedRecordsAreRefused() throws {
    let adapted = try adapted(calibration)
    let section = adapted.model.section(.adaptation).array
    var refused = 0
    for place in stride(from: 0, to: min(section.count, 160), by: 4) {
      for value in [UInt32.max, 1 << 30, 0] {
        var damaged = section
        damaged.store(value, at: place)
        var writer = FileWriter(copying: adapted.model, except: [.adaptation])
        writer.add(.adaptation, damaged)
        let file = try OpenedFile(writer.finish())
        do { _ = try AdaptationRecord(reading: file.model) } catch {
          refused += 1
          #expect(error.reason == .taskMalformed, "word at \(place) = \(value): \(error)")
        }
      }
    }
    #expect(refused > 20)
    for count in [0, 8, section.count - 1] {
      var writer = FileWriter(copying: adapted.model, except: [.adaptation])
      writer.add(.adaptation, Array(section.prefix(count)))
      let file = try OpenedFile(writer.finish())
      #expect(throws: ModelError.self) { try AdaptationRecord(reading: file.model) }
    }
  }
}
