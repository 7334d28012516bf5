/// One number of each line of elements along an axis.
///
/// Input: a float32 tensor of rank at least 1. Output: the same shape with extent 1 along `axis`. Lines are taken in order, each
/// in one chain; logSumExp subtracts the largest element first.
public struct Reduce: Operator {
  public static let name: StaticString = "Reduce"

  public enum Function: UInt32, Sendable {
    case sum = 0
    case mean
    case maximum
    case minimum
    case product
    /// The sum of magnitudes.
    case l1
    /// The square root of the sum of squares.
    case l2
    case sumOfSquares
    case logSumExp
  }

  public var function: Function
  public var axis: Int

  public init(_ function: Function, axis: Int) {
    self.function = function
    self.axis = axis
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    let code = try reader.word()
    guard let function = Function(rawValue: code) else { throw ModelError(.attributeOutOfRange, found: Int(code)) }
    self.function = function
    axis = try reader.int(in: 0...Shape.maximumRank - 1)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(function.rawValue)
    sink.append(axis)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    var shape = try operands.float32(0).shape
    guard axis < shape.rank else { throw ModelError(.attributeOutOfRange, found: axis, needed: shape.rank - 1) }
    shape[axis] = 1
    return TensorType(.float32, shape)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Reduce? {
    Reduce(function, axis: permutation.inverse[axis])
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let source = input.floats, target = output.floats
    let extent = input.shape[axis]
    let inner = input.shape.count(in: axis + 1..<input.shape.rank)
    let share = context.share(of: output.shape.count)
    // Runs of neighbouring lines, so that the loops over `inner` run along the memory.
    var item = share.lowerBound
    while item < share.upperBound {
      let (block, first) = (item / inner, item % inner)
      let count = min(inner - first, share.upperBound - item)
      reduce(source, from: block * extent * inner + first, extent: extent, stride: inner, target, to: item, count: count)
      item += count
    }
  }

  private func reduce(
    _ source: Elements<Float>, from start: Int, extent: Int, stride: Int, _ target: Elements<Float>, to: Int, count: Int
  ) {
    switch function {
    case .sum, .mean: fold(source, start, extent, stride, target, to, count, { $0 }) { $0 + $1 }
    case .maximum: fold(source, start, extent, stride, target, to, count, { $0 }) { $1 > $0 ? $1 : $0 }
    case .minimum: fold(source, start, extent, stride, target, to, count, { $0 }) { $1 < $0 ? $1 : $0 }
    case .product: fold(source, start, extent, stride, target, to, count, { $0 }) { $0 * $1 }
    case .l1: fold(source, start, extent, stride, target, to, count, { $0.magnitude }) { $0 + $1 }
    case .l2, .sumOfSquares: fold(source, start, extent, stride, target, to, count, { $0 * $0 }) { $0 + $1 }
    case .logSumExp:
      for i in 0..<count {
        var largest = source[start + i]
        for k in 1..<max(1, extent) { largest = max(largest, source[start + i + k * stride]) }
        var sum: Float = 0
        for k in 0..<extent { sum += exponential(source[start + i + k * stride] - largest) }
        target[to + i] = largest + naturalLogarithm(sum)
      }
    }
    switch function {
    case .mean:
      let divisor = Float(extent)
      for i in to..<to + count { target[i] = target[i] / divisor }
    case .l2: for i in to..<to + count { target[i] = target[i].squareRoot() }
    default: break
    }
  }

  @inline(__always)
  private func fold(
    _ source: Elements<Float>, _ start: Int, _ extent: Int, _ stride: Int, _ target: Elements<Float>, _ to: Int, _ count: Int,
    _ term: (Float) -> Float, _ combine: (Float, Float) -> Float
  ) {
    for i in 0..<count { target[to + i] = term(source[start + i]) }
    for k in 1..<max(1, extent) {
      let from = start + k * stride
      for i in 0..<count { target[to + i] = combine(target[to + i], term(source[from + i])) }
    }
  }
}
