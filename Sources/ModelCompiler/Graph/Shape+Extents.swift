import TinyNN

extension Shape: CustomStringConvertible {
  public init(_ extents: [Int]) {
    self.init()
    for extent in extents { append(extent) }
  }

  public var extents: [Int] { (0..<rank).map { self[$0] } }
  public var description: String { "[\(extents.map(String.init).joined(separator: ", "))]" }
}
