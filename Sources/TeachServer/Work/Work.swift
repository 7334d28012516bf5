import FewShotHost
import HostRuntime

/// Long work on the board's photos, one at a time: what it does, and what it came to.
struct Work: Sendable {
  enum Kind: String, Sendable {
    case learn, review, suggest
  }

  enum State: Sendable {
    case running(activity: String, done: Int, total: Int)
    /// The result, and one sentence that says it.
    case done(JSON, sentence: String)
    case failed(String)
  }

  /// From 1, one for each.
  let number: Int
  let kind: Kind
  /// Of the board when it began.
  let revision: Int
  var state: State

  var isRunning: Bool { if case .running = state { true } else { false } }

  var json: JSON {
    var fields: JSON = ["number": .integer(number), "kind": .string(kind.rawValue), "board": .integer(revision)]
    switch state {
    case .running(let activity, let done, let total):
      fields.append("state", "running")
      fields.append("activity", .string(activity))
      fields.append("done", .integer(done))
      fields.append("total", .integer(total))
    case .done(let result, let sentence):
      fields.append("state", "done")
      fields.append("sentence", .string(sentence))
      fields.append("result", result)
    case .failed(let sentence):
      fields.append("state", "failed")
      fields.append("sentence", .string(sentence))
    }
    return fields
  }
}

/// Why work cannot begin, or go on, as a sentence.
struct WorkError: Error, CustomStringConvertible {
  let description: String
}
