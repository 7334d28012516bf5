/// The extents of a tensor, outermost first, at most six of them.
///
/// Every extent is at least 1 and the product of all of them fits into `Int32`: both are checked where a shape
/// enters (`init(validating:)`), so that index arithmetic afterwards cannot overflow.
public struct Shape: Equatable, Sendable {
  public static let maximumRank = 6

  public private(set) var rank: Int
  private var extents: InlineArray<6, Int32>

  /// The shape of a scalar: rank 0, one element.
  public init() {
    rank = 0
    extents = .init(repeating: 1)
  }

  public init(_ a: Int) { self.init(); append(a) }
  public init(_ a: Int, _ b: Int) { self.init(a); append(b) }
  public init(_ a: Int, _ b: Int, _ c: Int) { self.init(a, b); append(c) }
  public init(_ a: Int, _ b: Int, _ c: Int, _ d: Int) { self.init(a, b, c); append(d) }

  /// Adds an innermost extent. Precondition: the rank is below `maximumRank`.
  public mutating func append(_ extent: Int) {
    precondition(rank < Shape.maximumRank)
    extents[rank] = Int32(extent)
    rank += 1
  }

  public subscript(axis: Int) -> Int {
    get { Int(extents[axis]) }
    set { extents[axis] = Int32(newValue) }
  }

  /// The number of elements.
  public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= Int(extents[axis]) }
    return product
  }

  /// The product of the extents in `axes`.
  public func count(in axes: Range<Int>) -> Int {
    var product = 1
    for axis in axes { product *= Int(extents[axis]) }
    return product
  }

  /// The extent of `axis` once the shape is aligned at its innermost axis with one of rank `rank`, as broadcasting does
  /// (NumPy, ONNX "Multidirectional Broadcasting").
  public func broadcastExtent(_ axis: Int, rank outer: Int) -> Int {
    let own = axis - (outer - rank)
    return own < 0 ? 1 : Int(extents[own])
  }

  /// True if every extent is at least 1 and the element count fits into `Int32`.
  public var isValid: Bool {
    var product: Int32 = 1
    for axis in 0..<rank {
      if extents[axis] < 1 { return false }
      let (next, overflow) = product.multipliedReportingOverflow(by: extents[axis])
      if overflow { return false }
      product = next
    }
    return true
  }

  public static func == (a: Shape, b: Shape) -> Bool {
    if a.rank != b.rank { return false }
    for axis in 0..<a.rank where a.extents[axis] != b.extents[axis] { return false }
    return true
  }
}
