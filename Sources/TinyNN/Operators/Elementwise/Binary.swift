/// Elementwise arithmetic of two tensors with broadcasting (ONNX "Multidirectional Broadcasting"), and an activation.
///
/// Inputs: two float32 tensors, either may be constant. Output: the broadcast shape.
///
/// int8: addition and multiplication of two int8 tensors with their own scales; Binary+Int8.swift runs it.
public struct Binary: ActivatedOperator {
  public static let name: StaticString = "Binary"

  public enum Function: UInt32, Sendable {
    case add = 0
    case subtract
    case multiply
    case divide
    case minimum
    case maximum
    /// a to the power b; NaN for a negative a and a b that is no integer.
    case power
    /// Comparisons give 1 where they hold, else 0.
    case less
    case lessOrEqual
    case equal
  }

  public var function: Function
  public var activation: Activation

  public init(_ function: Function, activation: Activation = .none) {
    self.function = function
    self.activation = activation
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    let code = try reader.word()
    guard let function = Function(rawValue: code) else { throw ModelError(.attributeOutOfRange, found: Int(code)) }
    self.function = function
    activation = try Activation(decoding: &reader)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    sink.append(function.rawValue)
    activation.encode(into: &sink)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 2)
    let type = try operands.activations(0).elementType
    guard try operands.activations(1).elementType == type else {
      throw ModelError(.operandTypeMismatch, found: Int(operands.isInt8(1) ? 2 : 1), needed: Int(type.rawValue))
    }
    if type == .int8, (function != .add && function != .multiply) || !activation.isClampOrNone {
      throw ModelError(.attributeOutOfRange, found: Int(function.rawValue))
    }
    let a = operands.shape(0), b = operands.shape(1)
    let rank = max(a.rank, b.rank)
    var shape = Shape()
    for axis in 0..<rank {
      let (m, n) = (a.broadcastExtent(axis, rank: rank), b.broadcastExtent(axis, rank: rank))
      guard m == n || m == 1 || n == 1 else { throw ModelError(.wrongShape, found: n, needed: m) }
      shape.append(max(m, n))
    }
    guard shape.isValid else { throw ModelError(.wrongShape, found: Int(Int32.max)) }
    return TensorType(type, shape)
  }

  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool {
    let a = operands.shape(0), b = operands.shape(1)
    // Element i of the result may only replace element i of an operand that is not broadcast.
    return index == 0 ? broadcastCount(a, b) == a.count : broadcastCount(a, b) == b.count
  }

  private func broadcastCount(_ a: Shape, _ b: Shape) -> Int {
    let rank = max(a.rank, b.rank)
    var count = 1
    for axis in 0..<rank { count *= max(a.broadcastExtent(axis, rank: rank), b.broadcastExtent(axis, rank: rank)) }
    return count
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Binary>? {
    Stripe(operation: self, inputRows: rows)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Binary? { self }

  public func run(_ context: borrowing OperatorContext) {
    let a = context.input(0), b = context.input(1), output = context.output(0)
    if !OperatorSelection.hasFloat || output.elementType == .int8 { return runInt8(context, a, b, output) }
    let kernels = context.kernels
    eachRow(context, a.shape, b.shape, output.shape) { startA, stepA, startB, stepB, start, count in
      loop(a.floats, startA, stepA, b.floats, startB, stepB, output.floats, start, count)
      if activation.function != .none {
        activation.apply(output.floats, output.floats, start..<start + count, kernels)
      }
    }
  }

  /// Cuts this part of the output into rows over which each operand either runs along (step 1) or stands still (step 0).
  @inline(__always)
  func eachRow(
    _ context: borrowing OperatorContext, _ a: Shape, _ b: Shape, _ output: Shape,
    _ body: (_ startA: Int, _ stepA: Int, _ startB: Int, _ stepB: Int, _ start: Int, _ count: Int) -> Void
  ) {
    let rank = output.rank
    // The innermost axes over which each operand either runs along or stands still form one inner loop.
    var inner = 1, axis = rank
    var stepA = 0, stepB = 0
    while axis > 0 {
      let extent = output[axis - 1]
      let (along, alongB) = (a.broadcastExtent(axis - 1, rank: rank) == extent, b.broadcastExtent(axis - 1, rank: rank) == extent)
      if extent > 1 {
        if inner == 1 { (stepA, stepB) = (along ? 1 : 0, alongB ? 1 : 0) }
        if (along ? 1 : 0) != stepA || (alongB ? 1 : 0) != stepB { break }
      }
      inner *= extent
      axis -= 1
    }
    let outer = output.count(in: 0..<axis)
    if outer == 1 {
      let share = context.share(of: inner)
      if !share.isEmpty { body(share.lowerBound * stepA, stepA, share.lowerBound * stepB, stepB, share.lowerBound, share.count) }
      return
    }
    // The next axes over which each operand either runs along or stands still: its rows follow each other in constant steps.
    var block = 1, alongA = false, alongB = false
    while axis > 0 {
      let extent = output[axis - 1]
      let (along, otherAlong) = (
        a.broadcastExtent(axis - 1, rank: rank) == extent, b.broadcastExtent(axis - 1, rank: rank) == extent
      )
      if extent > 1 {
        if block == 1 { (alongA, alongB) = (along, otherAlong) }
        if along != alongA || otherAlong != alongB { break }
      }
      block *= extent
      axis -= 1
    }
    let rowA = stepA == 1 ? inner : 1, rowB = stepB == 1 ? inner : 1
    let share = context.share(of: outer)
    var row = share.lowerBound
    while row < share.upperBound {
      var (rest, strideA, strideB, startA, startB) = (row / block, alongA ? rowA * block : rowA, alongB ? rowB * block : rowB, 0, 0)
      for outerAxis in stride(from: axis - 1, through: 0, by: -1) {
        let extent = output[outerAxis]
        let position = rest % extent
        rest /= extent
        let (m, n) = (a.broadcastExtent(outerAxis, rank: rank), b.broadcastExtent(outerAxis, rank: rank))
        if m > 1 { startA += position * strideA }
        if n > 1 { startB += position * strideB }
        strideA *= m
        strideB *= n
      }
      let first = row % block
      let count = min(block - first, share.upperBound - row)
      for i in first..<first + count {
        body(startA + (alongA ? i * rowA : 0), stepA, startB + (alongB ? i * rowB : 0), stepB, row * inner, inner)
        row += 1
      }
    }
  }

  private func loop(
    _ a: Elements<Float>, _ startA: Int, _ stepA: Int, _ b: Elements<Float>, _ startB: Int, _ stepB: Int,
    _ output: Elements<Float>, _ start: Int, _ count: Int
  ) {
    switch function {
    case .add where stepA == 1 && stepB == 1: add(a.slice(startA, count), b.slice(startB, count), output.slice(start, count))
    case .add: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 + $1 }
    case .subtract: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 - $1 }
    case .multiply: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 * $1 }
    case .divide: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 / $1 }
    case .minimum: each(a, startA, stepA, b, startB, stepB, output, start, count) { $1 < $0 ? $1 : $0 }
    case .maximum: each(a, startA, stepA, b, startB, stepB, output, start, count) { $1 > $0 ? $1 : $0 }
    case .power: each(a, startA, stepA, b, startB, stepB, output, start, count) { power($0, $1) }
    case .less: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 <= $1 ? 1 : 0 }
    case .equal: each(a, startA, stepA, b, startB, stepB, output, start, count) { $0 == $1 ? 1 : 0 }
    }
  }

  /// In vectors that the compiler does not find by itself where it compiles for size. The sum may be in the place of an operand.
  private func add(_ a: Elements<Float>, _ b: Elements<Float>, _ sum: Elements<Float>) {
    var index = 0
    while index &+ 8 <= sum.count {
      sum.store(a.vector(SIMD8<Float>.self, at: index) + b.vector(SIMD8<Float>.self, at: index), at: index)
      index &+= 8
    }
    while index < sum.count {
      sum[index] = a[index] + b[index]
      index &+= 1
    }
  }

  @inline(__always)
  private func each(
    _ a: Elements<Float>, _ startA: Int, _ stepA: Int, _ b: Elements<Float>, _ startB: Int, _ stepB: Int,
    _ output: Elements<Float>, _ start: Int, _ count: Int, _ combine: (Float, Float) -> Float
  ) {
    // Slices, because a sum in an index may overflow, which the compiler does not check in vectors.
    let target = output.slice(start, count)
    switch (stepA, stepB) {
    case (1, 1):
      let left = a.slice(startA, count), right = b.slice(startB, count)
      // In place, one operand less, so that the compiler has no overlap to fear.
      if left.isSameMemory(as: target) {
        for i in 0..<count { target[i] = combine(target[i], right[i]) }
      } else if right.isSameMemory(as: target) {
        for i in 0..<count { target[i] = combine(left[i], target[i]) }
      } else {
        for i in 0..<count { target[i] = combine(left[i], right[i]) }
      }
    case (1, 0):
      let left = a.slice(startA, count), right = b[startB]
      if left.isSameMemory(as: target) {
        for i in 0..<count { target[i] = combine(target[i], right) }
      } else {
        for i in 0..<count { target[i] = combine(left[i], right) }
      }
    case (0, 1):
      let left = a[startA], right = b.slice(startB, count)
      for i in 0..<count { target[i] = combine(left, right[i]) }
    default:
      let value = combine(a[startA], b[startB])
      for i in 0..<count { target[i] = value }
    }
  }
}
