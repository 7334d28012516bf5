/// Places buffers in an arena: greedy by size.
///
/// 1. Take the buffers from the largest to the smallest (ties: the one that is born first).
/// 2. Among the buffers placed before that live at the same time, look at the gaps from the bottom of the arena.
/// 3. Put the buffer into the lowest gap that holds it, or on top.
///
/// Finding the smallest arena is NP-complete (dynamic storage allocation); greedy by size reaches the lower bound on most
/// image encoders and is a quarter above it on some; ModelCompiler searches further. Not handled: moving a buffer during its life.
/// Allocates nothing; cost: quadratic.
public enum MemoryPlanner {
  /// One buffer: its size, and the first and the last operator during which it must stay.
  public struct Buffer: Sendable {
    public let byteCount: Int
    public let first: Int
    public let last: Int
    /// The place found for it, a multiple of 64.
    public internal(set) var offset = -1

    public init(byteCount: Int, first: Int, last: Int) {
      self.byteCount = Format.aligned(byteCount)
      self.first = first
      self.last = last
    }

    func livesBeside(_ other: Buffer) -> Bool { first <= other.last && other.first <= last }
  }

  /// Places all buffers and returns the bytes of the arena.
  public static func place(_ buffers: inout MutableSpan<Buffer>) -> Int {
    var arena = 0
    for _ in 0..<buffers.count {
      let next = largestUnplaced(buffers)
      let offset = lowestGap(for: next, in: buffers)
      buffers[next].offset = offset
      arena = max(arena, offset + buffers[next].byteCount)
    }
    return arena
  }

  /// The largest sum of buffers that live at the same time: no plan can be smaller.
  public static func lowerBound(_ buffers: Span<Buffer>, operatorCount: Int) -> Int {
    var bound = 0
    for index in 0...operatorCount { bound = max(bound, livingByteCount(buffers, at: index)) }
    return bound
  }

  private static func livingByteCount(_ buffers: Span<Buffer>, at index: Int) -> Int {
    var sum = 0
    for i in 0..<buffers.count {
      let buffer = buffers[i]
      if buffer.first <= index && index <= buffer.last { sum += buffer.byteCount }
    }
    return sum
  }

  private static func largestUnplaced(_ buffers: borrowing MutableSpan<Buffer>) -> Int {
    var best = -1
    for i in 0..<buffers.count where buffers[i].offset < 0 {
      if best < 0 || buffers[i].byteCount > buffers[best].byteCount
        || (buffers[i].byteCount == buffers[best].byteCount && buffers[i].first < buffers[best].first)
      {
        best = i
      }
    }
    return best
  }

  private static func lowestGap(for index: Int, in buffers: borrowing MutableSpan<Buffer>) -> Int {
    let buffer = buffers[index]
    var offset = 0
    var moved = true
    // Raise the offset past every buffer in the way until none is: each round passes at least one buffer.
    while moved {
      moved = false
      for i in 0..<buffers.count where buffers[i].offset >= 0 && buffers[i].livesBeside(buffer) {
        if offset < buffers[i].offset + buffers[i].byteCount && buffers[i].offset < offset + buffer.byteCount {
          offset = buffers[i].offset + buffers[i].byteCount
          moved = true
        }
      }
    }
    return offset
  }
}
