/// Tells frames that show something else than the last one that was looked at.
///
/// Compared are means of 16 x 16 blocks of what the network takes, without the brightness that all of them gained or lost, so that
/// noise and a camera that adapts to the light are no motion.
struct MotionGate {
  /// Grey levels by which a block changes.
  static let leastChange = 10
  /// Blocks that change at least, of 256.
  static let leastBlocks = 3

  private var last: [UInt8] = []

  /// True for the first frame, and for one that differs; it is then the one to compare with.
  mutating func hasMoved(_ content: PhotoContent) -> Bool {
    guard last.count == content.blocks.count else {
      last = content.blocks
      return true
    }
    var sum = 0
    for (new, old) in zip(content.blocks, last) { sum += Int(new) - Int(old) }
    let shift = (Double(sum) / Double(last.count)).rounded()
    var changed = 0
    for block in 0..<last.count / 3 {
      let differences = (0..<3).map { abs(Int(content.blocks[3 * block + $0]) - Int(last[3 * block + $0]) - Int(shift)) }
      if differences.max()! >= MotionGate.leastChange { changed += 1 }
    }
    guard changed >= MotionGate.leastBlocks || abs(shift) >= 4 * Double(MotionGate.leastChange) else { return false }
    last = content.blocks
    return true
  }
}

/// A label that is reported once several answers in a row agree.
public struct StableLabel: Equatable, Sendable {
  public let needed: Int
  /// Nil before the first.
  public private(set) var label: String?
  private var candidate: String?
  private var run = 0

  public init(needed: Int) { self.needed = needed }

  /// - Parameter answer: a class, or nil for unknown, which counts as a label of its own.
  /// - Returns: true where the label changed.
  @discardableResult
  public mutating func add(_ answer: String?) -> Bool {
    let answer = answer ?? StableLabel.unknown
    run = answer == candidate ? run + 1 : 1
    candidate = answer
    guard run >= needed, label != answer else { return false }
    label = answer
    return true
  }

  public static let unknown = "unknown"
}
