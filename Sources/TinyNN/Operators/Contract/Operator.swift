/// One operator of the runtime: its attributes are the stored properties, and the members tell the whole story: how it is
/// stored, which shapes it takes and gives, how much memory it needs, how it runs.
///
/// Feature maps are NHWC. Everything that depends on the model is checked by `outputType` when the file is opened, so `run`
/// runs blind. The compiler (host) asks the same members for its passes and holds no list of operators of its own.
public protocol Operator: Sendable {
  static var kind: OperatorKind { get }
  /// The name shown to people.
  static var name: StaticString { get }

  /// Reads the attributes in the order in which `encode` writes them. Throws `attributeOutOfRange` for values that no
  /// shape can make valid.
  init(decoding reader: inout AttributeReader) throws(ModelError)
  func encode<Sink: AttributeSink>(into sink: inout Sink)

  /// The shape rule: the type of output `index`, or the reason why these operands do not fit.
  func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType

  /// True if an int8 output has the scale and the zero point of every int8 input: operators that only move or choose elements.
  var preservesQuantization: Bool { get }

  /// The bytes that constant input `index` takes in the file if `run` wants it packed; nil if it is stored row-major.
  func packedByteCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int?
  /// Writes constant input `index` into `packed` (`packedByteCount` bytes, zeroed) from its row-major elements, of which each
  /// is moved to one place, unchanged.
  func pack(input index: Int, _ shape: Shape, _ elements: ByteRegion, into packed: inout MutableRawSpan)

  /// True if output 0 may share the memory of input `index` (same bytes count, same place).
  func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool

  /// Bytes of scratch memory that `run` uses in all of its `parts` together.
  func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int

  /// Multiply-adds of one run, as papers count them: convolutions and matrix products only.
  func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int

  /// Runs part `context.part` of `context.parts`. Parts divide the output, never a sum, so bits do not depend on them.
  func run(_ context: borrowing OperatorContext)

  // Rules for training; operators that have them keep them in a file of their own, <Operator>+Backward.swift.

  /// What `backward` reads, or nil for an operator through which no gradient can be computed.
  var differentiation: Differentiation? { get }
  /// float32 values of constant input `index`, 1 or 2, that can train, as they stand in the file; 0 if they cannot.
  func trainedCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int
  /// Bytes of scratch memory that `backward` uses. The operands are float32 with the batch in axis 0.
  func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int
  /// Adds to the gradients of the inputs and weights that want one, from the gradient of the output, which it may overwrite.
  func backward(_ context: borrowing BackwardContext)

  // Rules for the compiler's passes.

  /// This operator followed by `activation`, or nil if it cannot take one in.
  func fusing(_ activation: Activation) -> Self?
  /// This operator reading the input of `pad` instead of its result, or nil if it cannot do the padding by itself.
  func absorbing(_ pad: Pad) -> Self?
  /// The axis of input 1 (weights, row-major) that runs over output channels; input 2 is then the bias over the same
  /// channels, which are the innermost axis of the output. Nil for operators without weights.
  var weightChannelAxis: Int? { get }
  /// The same operator on operands that are all stored with their axes in the order `permutation` (axis i of the new
  /// operand is axis `permutation[i]` of the old one), where the result comes out permuted alike; nil if there is none.
  func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Self?
  /// What computes only the rows `rows` (axis 1 of the NHWC output) with the bits that they have in the whole, or nil where a
  /// row depends on the whole image.
  func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Self>?
  /// True if `permuted` expects constant input `index` with its axes reordered like those of the data; false for weights
  /// and positions, which stay as they are.
  func permutesConstant(_ index: Int) -> Bool
}

extension Operator {
  public func encode<Sink: AttributeSink>(into sink: inout Sink) {}
  public func packedByteCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int? { nil }
  public func pack(input index: Int, _ shape: Shape, _ elements: ByteRegion, into packed: inout MutableRawSpan) {}
  public var preservesQuantization: Bool { false }
  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool { false }
  public func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int { 0 }
  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int { 0 }
  public var differentiation: Differentiation? { nil }
  public func trainedCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int {
    weightChannelAxis == nil ? 0 : (packedByteCount(ofInput: index, of: operands) ?? 0) / 4
  }
  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int { 0 }
  public func backward(_ context: borrowing BackwardContext) { preconditionFailure("this operator cannot be trained through") }
  public func fusing(_ activation: Activation) -> Self? { nil }
  public func absorbing(_ pad: Pad) -> Self? { nil }
  public var weightChannelAxis: Int? { nil }
  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Self? { nil }
  public func permutesConstant(_ index: Int) -> Bool { weightChannelAxis == nil }
  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Self>? { nil }
}

/// An operator on a stripe of an image: it reads the rows `inputRows` of every feature map that is as high as the image.
public struct Stripe<O: Operator> {
  public let operation: O
  public let inputRows: Range<Int>
}

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

/// Takes the words of an operator's attributes, in order.
public protocol AttributeSink {
  mutating func append(_ word: UInt32)
}

extension AttributeSink {
  public mutating func append(_ value: Int) { append(UInt32(truncatingIfNeeded: value)) }
  public mutating func append(_ value: Float) { append(value.bitPattern) }
}

/// Hands out the words of an operator's attributes, in order.
public struct AttributeReader {
  private let bytes: ByteRegion
  private var offset = 0

  public init(_ bytes: ByteRegion) { self.bytes = bytes }

  public mutating func word() throws(ModelError) -> UInt32 {
    guard bytes.contains(offset, 4) else { throw ModelError(.attributesMalformed, found: bytes.count, needed: offset + 4) }
    defer { offset += 4 }
    return bytes.word(offset)
  }

  /// A signed 32-bit value inside `range`.
  public mutating func int(in range: ClosedRange<Int>) throws(ModelError) -> Int {
    let value = Int(Int32(bitPattern: try word()))
    guard range.contains(value) else { throw ModelError(.attributeOutOfRange, found: value) }
    return value
  }

  public mutating func float() throws(ModelError) -> Float {
    let value = Float(bitPattern: try word())
    guard !value.isNaN else { throw ModelError(.attributeOutOfRange) }
    return value
  }

  public var isAtEnd: Bool { offset == bytes.count }
}
