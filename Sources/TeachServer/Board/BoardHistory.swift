import HostRuntime

/// A board and what it was before its last changes.
struct BoardHistory: Sendable {
  private struct Step {
    /// What undoing it takes back: "adding photos to gear".
    let what: String
    let before: Board
    var time: Int
  }

  private(set) var board: Board
  private var steps: [Step] = []

  private static let limit = 50
  /// Changes of one kind that follow each other so quickly are one: frames that are added while a button is held.
  private static let joinedNanoseconds = 3_000_000_000

  init(_ board: Board) { self.board = board }

  /// What the last change was; nil where nothing can be undone.
  var undoable: String? { steps.last?.what }

  /// Photos that the board has, or had.
  var keptPhotos: Set<UInt64> { steps.reduce(board.allPhotos) { $0.union($1.before.allPhotos) } }

  mutating func change(
    _ what: String, joins: Bool = false, _ body: (inout Board) throws(BoardError) -> Void
  ) throws(BoardError) {
    var changed = board
    try body(&changed)
    guard changed != board else { return }
    let now = monotonicNanoseconds()
    if joins, let last = steps.last, last.what == what, now - last.time < Self.joinedNanoseconds {
      steps[steps.count - 1].time = now
    } else {
      steps.append(Step(what: what, before: board, time: now))
      if steps.count > Self.limit { steps.removeFirst() }
    }
    board = changed
  }

  mutating func undo() throws(BoardError) {
    guard let last = steps.popLast() else { throw .nothingToUndo }
    board = last.before
  }

  /// Nothing can be undone any more.
  mutating func forget() { steps = [] }
}
