/// A reordering of axes: axis `i` of the result is axis `self[i]` of the operand (ONNX Transpose's `perm`).
public struct Permutation: Equatable, Sendable {
  public private(set) var rank: Int
  private var axes: InlineArray<6, UInt8>

  /// The identity. Precondition: `rank` is at most `Shape.maximumRank`.
  public init(rank: Int) {
    precondition(rank <= Shape.maximumRank)
    self.rank = rank
    axes = .init(repeating: 0)
    for axis in 0..<rank { axes[axis] = UInt8(axis) }
  }

  public init(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    self.init(rank: 4)
    self[0] = a
    self[1] = b
    self[2] = c
    self[3] = d
  }

  public subscript(axis: Int) -> Int {
    get { Int(axes[axis]) }
    set { axes[axis] = UInt8(newValue) }
  }

  public var isIdentity: Bool {
    for axis in 0..<rank where self[axis] != axis { return false }
    return true
  }

  /// True if every axis occurs exactly once.
  public var isValid: Bool {
    var seen = 0
    for axis in 0..<rank {
      if self[axis] >= rank { return false }
      seen |= 1 << self[axis]
    }
    return seen == (1 << rank) - 1
  }

  public var inverse: Permutation {
    var result = Permutation(rank: rank)
    for axis in 0..<rank { result[self[axis]] = axis }
    return result
  }

  /// First `self`, then `next`.
  public func followed(by next: Permutation) -> Permutation {
    var result = Permutation(rank: rank)
    for axis in 0..<rank { result[axis] = self[next[axis]] }
    return result
  }

  public func callAsFunction(_ shape: Shape) -> Shape {
    var result = Shape()
    for axis in 0..<rank { result.append(shape[self[axis]]) }
    return result
  }

  public static func == (a: Permutation, b: Permutation) -> Bool {
    if a.rank != b.rank { return false }
    for axis in 0..<a.rank where a[axis] != b[axis] { return false }
    return true
  }
}
