/// A set of operators of a model, by index; those beyond `capacity` are never in it.
public struct OperatorSet: Equatable, Sendable {
  public static let capacity = 512
  private var words = InlineArray<16, UInt32>(repeating: 0)

  public init() {}

  public init(_ range: Range<Int>) {
    for index in range { insert(index) }
  }

  public func contains(_ index: Int) -> Bool {
    index >= 0 && index < OperatorSet.capacity && words[index / 32] & bit(index) != 0
  }

  public mutating func insert(_ index: Int) {
    if index >= 0 && index < OperatorSet.capacity { words[index / 32] |= bit(index) }
  }

  public mutating func remove(_ index: Int) {
    if index >= 0 && index < OperatorSet.capacity { words[index / 32] &= ~bit(index) }
  }

  private func bit(_ index: Int) -> UInt32 { 1 &<< UInt32(truncatingIfNeeded: index % 32) }

  public static func == (a: OperatorSet, b: OperatorSet) -> Bool {
    for index in 0..<16 where a.words[index] != b.words[index] { return false }
    return true
  }
}
