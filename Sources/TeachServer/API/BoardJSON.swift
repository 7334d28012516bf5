import FewShotHost
import HostRuntime

/// What the interface shows; field names are stable.
enum BoardJSON {
  static func of(_ teacher: Teacher) -> JSON {
    // The revision first: a change meanwhile is asked for again.
    let revision = teacher.revision, board = teacher.board
    return [
      "revision": .integer(revision),
      "classes": .array(
        board.classes.map { ["name": .string($0.name), "count": .integer($0.photos.count), "photos": list($0.photos)] }),
      "unsorted": list(board.unsorted), "undo": teacher.undoable.map { .string($0) } ?? .null, "task": task(teacher),
      "camera": teacher.camera.map {
        ["frame": .integer($0.newest?.number ?? 0), "problem": $0.problem.map { .string($0) } ?? .null]
      } ?? .null,
      "work": teacher.work?.json ?? .null,
    ]
  }

  private static func task(_ teacher: Teacher) -> JSON {
    guard let classifier = teacher.classifier else { return .null }
    return [
      "classes": JSON(classifier.names), "upToDate": teacher.isTaskUpToDate.map { .bool($0) } ?? .null,
    ]
  }

  private static func list(_ photos: [UInt64]) -> JSON { .array(photos.map { .string(PhotoIdentifier.text($0)) }) }

  static func of(_ answer: Classification, _ milliseconds: Double) -> JSON {
    [
      "label": .string(answer.label), "confidence": .float(answer.confidence), "unknown": .bool(answer.isUnknown),
      "top": .array(answer.ranking.prefix(5).map { ["label": .string($0.label), "confidence": .float($0.confidence)] }),
      "milliseconds": .number(milliseconds),
    ]
  }

  /// Of a frame: as `edgessl watch --json` has it; null where there is no answer.
  static func of(_ frame: Camera.Frame) -> JSON {
    guard let answer = frame.answer else {
      return ["frame": .integer(frame.number), "label": .null, "problem": frame.problem.map { .string($0) } ?? .null]
    }
    let classification = answer.classification
    return [
      "frame": .integer(frame.number), "time": .string(frame.time.description), "label": .string(classification.label),
      "confidence": .float(classification.confidence), "unknown": .bool(classification.isUnknown),
      "stable": answer.stable.map { .string($0) } ?? .null, "milliseconds": .number(classification.milliseconds), "problem": .null,
    ]
  }
}
