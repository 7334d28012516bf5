import FewShot
import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShotHost

@Suite struct TaskEditorTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    let encoder = try OpenedFile(TestEncoder.bytes())
    let task = TaskFile(try SyntheticClasses.knowledge(classes: 3, shots: 2))
    path = try folder.write(task.encoded(encoder: encoder.model).bytes, to: "task.tnn")
  }

  @Test func editsAreKeptAndUndone() throws {
    var editor = try TaskEditor(contentsOf: path)
    try editor.edit { try $0.rename("c0", to: "zero") }
    _ = try editor.write(to: path)
    var again = try TaskEditor(contentsOf: path)
    #expect(again.task.knowledge.classes.map(\.name) == ["c1", "c2", "zero"])
    #expect(try again.undo() == false)
    #expect(again.task.knowledge.classes.map(\.name) == ["c0", "c1", "c2"])
    #expect(throws: TaskEditError.nothingToUndo) { try again.undo() }
  }

  @Test func aRefusedEditChangesNothing() throws {
    var editor = try TaskEditor(contentsOf: path)
    #expect(throws: TaskEditError.noSuchClass("x")) {
      try editor.edit {
        try $0.rename("c0", to: "zero")
        try $0.remove("x")
      }
    }
    #expect(editor.task.knowledge.classes.map(\.name) == ["c0", "c1", "c2"] && editor.task.history.isEmpty)
  }

  @Test func tasksOfOtherEncodersCannotBeMerged() throws {
    let editor = try TaskEditor(contentsOf: path)
    #expect(try editor.knowledge(comparableWith: editor.model) == editor.task.knowledge)
    let other = try OpenedFile(TestEncoder.bytes(dimension: 4))
    #expect(throws: TaskEditError.otherEmbeddings) { try editor.knowledge(comparableWith: other.model) }
  }

  @Test func refusesAnEncoder() throws {
    let encoder = try folder.write(TestEncoder.bytes(), to: "encoder.tnn")
    #expect(throws: ClassifierError.noClasses) { try TaskEditor(contentsOf: encoder) }
  }

  @Test func whatStandsWhereATaskIsWritten() throws {
    let encoder = try OpenedFile(TestEncoder.bytes()), other = try OpenedFile(TestEncoder.bytes(dimension: 4))
    #expect(PreviousTask(at: path, for: encoder.model).task?.knowledge.classes.count == 3)
    if case .otherEncoder = PreviousTask(at: path, for: other.model) {} else { Issue.record("a task of another encoder") }
    if case .none = PreviousTask(at: folder.file("missing"), for: other.model) {} else { Issue.record("nothing") }
    let diary = try folder.write(Array("my diary".utf8), to: "diary.txt")
    if case .noModel = PreviousTask(at: diary, for: other.model) {} else { Issue.record("something else") }
    let half = try folder.write(Array(contents(of: path).prefix(100)), to: "half.tnn")
    if case .unreadable = PreviousTask(at: half, for: other.model) {} else { Issue.record("half a file") }
  }
}
