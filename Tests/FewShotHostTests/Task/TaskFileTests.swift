import FewShotTestSupport
import HostRuntime
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct TaskFileTests {
  private let encoder: OpenedFile

  init() throws { encoder = try OpenedFile(TestEncoder.bytes(statistics: TestEncoder.statistics())) }

  private func sections(_ bytes: [UInt8]) throws -> [[UInt8]] {
    let file = try OpenedFile(bytes)
    return [SectionKind.classes, .examples, .head].map { file.model.section($0).array }
  }

  @Test func whatIsWrittenIsRead() throws {
    let task = TaskFile(try SyntheticClasses.knowledge(classes: 5, shots: 3))
    let (bytes, head) = try task.encoded(encoder: encoder.model)
    let file = try OpenedFile(bytes)
    #expect(try TaskFile(reading: file.model) == task)
    #expect(try TaskFile(reading: encoder.model) == nil)
    let classes = try ClassesView(file.model)
    let view = try HeadView(file.model, classes: classes)
    #expect(view.calibration == head.calibration && view.method == .prototype)
    for label in 0..<5 { for i in 0..<8 { #expect(view.classifier.prototypes[label][i] == head.prototypes[8 * label + i]) } }
    #expect(file.model.hasSameEncoder(as: encoder.model))
    #expect(file.model.section(.statistics).array == encoder.model.section(.statistics).array)
    #expect(!file.model.hasSameEncoder(as: try OpenedFile(TestEncoder.bytes(dimension: 9)).model))
  }

  @Test func theOrderOfLearningDoesNotMatter() throws {
    let forward = try SyntheticClasses.knowledge(classes: 4, shots: 3)
    var backward = Knowledge(dimension: 8)
    for learned in forward.classes.reversed() {
      for example in learned.examples.reversed() { try backward.add([example], to: learned.name) }
    }
    #expect(forward == backward)
    #expect(try TaskFile(forward).encoded(encoder: encoder.model).bytes == TaskFile(backward).encoded(encoder: encoder.model).bytes)
    // Encoding on top of a task gives what encoding on top of its encoder gives.
    let task = try OpenedFile(
      TaskFile(try SyntheticClasses.knowledge(classes: 2, shots: 1, seed: 7)).encoded(encoder: encoder.model).bytes)
    #expect(try TaskFile(forward).encoded(encoder: task.model).bytes == TaskFile(forward).encoded(encoder: encoder.model).bytes)
  }

  @Test func editsAndUndoRestoreTheBytes() throws {
    var task = TaskFile(try SyntheticClasses.knowledge(classes: 3, shots: 3))
    let before = try sections(task.encoded(encoder: encoder.model).bytes)
    var source = SyntheticClasses(classes: 4, dimension: 8, seed: 5)
    let examples = source.examples(ofClass: 3, count: 2)

    try task.edit { knowledge throws(TaskEditError) in try knowledge.add(examples, to: "a new class") }
    let added = try sections(task.encoded(encoder: encoder.model).bytes)
    #expect(added != before)
    try task.edit { knowledge throws(TaskEditError) in try knowledge.remove("a new class") }
    #expect(try sections(task.encoded(encoder: encoder.model).bytes) == before)
    try task.edit { knowledge throws(TaskEditError) in try knowledge.rename("c1", to: "zz") }
    #expect(task.knowledge.classes.map(\.name) == ["c0", "c2", "zz"])
    try task.edit { knowledge throws(TaskEditError) in try knowledge.rename("zz", to: "c1") }
    #expect(try sections(task.encoded(encoder: encoder.model).bytes) == before)

    // Through the file, as the command does it.
    for expected in [["c0", "c2", "zz"], ["c0", "c1", "c2"], ["a new class", "c0", "c1", "c2"], ["c0", "c1", "c2"]] {
      let file = try OpenedFile(try task.encoded(encoder: encoder.model).bytes)
      task = try #require(try TaskFile(reading: file.model))
      try task.undo()
      #expect(task.knowledge.classes.map(\.name) == expected)
    }
    #expect(try sections(task.encoded(encoder: encoder.model).bytes) == before)
    #expect(throws: TaskEditError.nothingToUndo) { try task.undo() }
  }

  @Test func historyKeepsTheNewestStates() throws {
    var task = TaskFile(try SyntheticClasses.knowledge(classes: 2, shots: 1))
    for step in 0..<12 {
      try task.edit { knowledge throws(TaskEditError) in try knowledge.rename(step == 0 ? "c0" : "n\(step - 1)", to: "n\(step)") }
    }
    #expect(task.history.count == TaskLimits.snapshotCount)
    for _ in 0..<TaskLimits.snapshotCount { try task.undo() }
    #expect(task.knowledge.classes.map(\.name) == ["c1", "n3"])
  }

  @Test func editsThatChangeNothingLeaveNoTrace() throws {
    let knowledge = try SyntheticClasses.knowledge(classes: 2, shots: 2)
    var task = TaskFile(knowledge)
    task.replace(by: knowledge)
    try task.edit { state throws(TaskEditError) in
      #expect(try state.add(knowledge.classes[0].examples, to: "c0") == 0)
    }
    #expect(task.history.isEmpty)
  }

  @Test func refusedEdits() throws {
    var knowledge = try SyntheticClasses.knowledge(classes: 2, shots: 1)
    let examples = knowledge.classes[0].examples
    #expect(throws: TaskEditError.noSuchClass("x")) { try knowledge.remove("x") }
    #expect(throws: TaskEditError.lastClasses) { try knowledge.remove("c0") }
    #expect(throws: TaskEditError.noSuchClass("x")) { try knowledge.rename("x", to: "y") }
    #expect(throws: TaskEditError.classExists("c1")) { try knowledge.rename("c0", to: "c1") }
    for name in ["", "a\nb", "\u{1B}[31m", "\u{7F}", String(repeating: "n", count: 256)] {
      #expect(throws: TaskEditError.badName(name)) { try knowledge.add(examples, to: name) }
      #expect(throws: TaskEditError.badName(name)) { try knowledge.rename("c0", to: name) }
    }
    #expect(try knowledge == SyntheticClasses.knowledge(classes: 2, shots: 1))
  }

  @Test func namesAreComparedByTheirBytes() throws {
    var knowledge = try SyntheticClasses.knowledge(classes: 2, shots: 1)
    let example = [LearnedExample(identifier: 9, embedding: [1, 0, 0, 0, 0, 0, 0, 0])]
    try knowledge.add(example, to: "\u{E9}")
    try knowledge.add(example, to: "e\u{301}")
    #expect(knowledge.classes.count == 4)
    let file = try OpenedFile(try TaskFile(knowledge).encoded(encoder: encoder.model).bytes)
    #expect(
      try TaskFile(reading: file.model)?.knowledge.classes.map { Array($0.name.utf8) }
        == knowledge.classes.map { Array($0.name.utf8) })
  }
}

@Suite struct EncoderStatisticsTests {
  @Test(arguments: [1, 255, 256, 257, 2000]) func meanAndBackground(photos: Int) throws {
    let dimension = 7
    var source = SyntheticClasses(classes: 1, dimension: dimension, seed: 12)
    var statistics = EncoderStatistics(dimension: dimension)
    var all: [[Float]] = []
    for _ in 0..<photos {
      all.append(source.noise())
      statistics.add(all.last!)
    }
    let encoder = try OpenedFile(TestEncoder.bytes(dimension: dimension))
    let file = try OpenedFile(statistics.file(of: encoder.model))
    let view = try #require(try StatisticsView.of(file.model))
    #expect(view.photoCount == photos && view.backgroundCount == min(photos, 256) && view.elementType == .float16)
    for index in 0..<dimension {
      let mean = all.reduce(0.0) { $0 + Double($1[index]) } / Double(photos)
      #expect(abs(Double(view.mean(index)) - mean) < 1e-6)
    }
    var row = [Float](repeating: 0, count: dimension)
    var used: Set<Int> = []
    for index in 0..<view.backgroundCount {
      var span = row.mutableSpan
      view.copyBackground(index, into: &span)
      let match = all.firstIndex { cosine($0.map { Double($0) }, row.map { Double($0) }) > 0.99999 }
      used.insert(try #require(match, "background \(index) is none of the photos"))
    }
    #expect(used.count == view.backgroundCount)
    if photos == 2000 { #expect(used.max()! > 1500 && used.min()! < 500, "the sample comes from all of the photos") }
  }

  @Test(arguments: [7, 1280]) func compactSectionsSayTheSame(dimension: Int) throws {
    var source = SyntheticClasses(classes: 1, dimension: dimension, seed: 3)
    var statistics = EncoderStatistics(dimension: dimension)
    statistics.add([Float](repeating: 0, count: dimension))
    for _ in 0..<120 { statistics.add(source.noise()) }
    statistics.scales = ScaleTable(scales: (0..<2).map { shots in (0..<7).map { Float(10 * shots + $0) } })
    let section = statistics.section
    let whole = AlignedMemory(copying: section),
      small = AlignedMemory(copying: try EncoderStatistics.compact(section, dimension: dimension))
    defer { withExtendedLifetime((whole, small)) {} }
    let view = try StatisticsView(whole.bytes, at: 0, dimension: dimension),
      compact = try StatisticsView(small.bytes, at: 0, dimension: dimension)
    #expect(compact.elementType == .int8 && compact.backgroundCount == 96 && compact.photoCount == view.photoCount)
    #expect(
      compact.axisCount == view.axisCount && compact.residualVariance == view.residualVariance
        && ScaleTable(compact) == ScaleTable(view))
    for index in 0..<dimension { #expect(compact.mean(index) == view.mean(index)) }
    for axis in 0..<view.axisCount {
      #expect(compact.variance(axis) == view.variance(axis) && compact.axis(axis)[dimension - 1] == view.axis(axis)[dimension - 1])
    }
    var (row, expected) = ([Float](repeating: 0, count: dimension), [Float](repeating: 0, count: dimension))
    for index in 0..<compact.backgroundCount {
      var span = row.mutableSpan
      compact.copyBackground(index, into: &span)
      var other = expected.mutableSpan
      view.copyBackground(index, into: &other)
      #expect(compact.length(index) == view.length(index))
      if view.length(index) > 0 { #expect(cosine(row.map { Double($0) }, expected.map { Double($0) }) > 0.9999, "row \(index)") }
    }
    #expect(try EncoderStatistics.compact(small.bytes.array, dimension: dimension) == small.bytes.array, "again")
  }
}
