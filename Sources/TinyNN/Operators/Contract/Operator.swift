/// One operator of the runtime: its attributes are the stored properties, and the members tell the whole story: how it is
/// stored, which shapes it takes and gives, how much memory it needs, how it runs.
///
/// Feature maps are NHWC. Everything that depends on the model is checked by `outputType` when the file is opened, so `run`
/// runs blind. The compiler (host) asks the same members for its passes and holds no list of operators of its own.
public protocol Operator: Sendable {
  /// The name shown to people.
  static var name: StaticString { get }

  /// Reads the attributes in the order in which `encode` writes them. Throws `attributeOutOfRange` for values that no
  /// shape can make valid.
  init(decoding reader: inout AttributeReader) throws(ModelError)
  func encode<Sink: AttributeSink>(into sink: inout Sink)

  /// The shape rule: the type of output `index`, or the reason why these operands do not fit.
  func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType

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

  // Rules for int8 networks; operators with kernels of their own keep them in <Operator>+Int8.swift.

  /// How it runs in an int8 network, or nil if it stays float32.
  var int8Form: Int8Form? { get }
  /// True if an int8 output has the scale and the zero point of every int8 input: operators that only move or choose elements.
  var preservesQuantization: Bool { get }
  /// True for operators whose input needs more digits than int8: a network that has one keeps its sums in float32.
  var needsFineSums: Bool { get }

  // Rules for the compiler's passes.

  /// The activation that it has taken in (`none` while there is none), or nil if it takes none; see `ActivatedOperator`.
  var fusedActivation: Activation? { get }
  /// This operator with another activation, or nil if it takes none.
  func replacingActivation(_ activation: Activation) -> Self?
  /// This operator on an image that had `border` around it before, or nil if it cannot pad by itself.
  func absorbing(_ border: Border) -> Self?
  /// How it multiplies by constant weights, or nil for operators without; see `WeightedOperator`.
  var weightForm: WeightForm? { get }
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
  public func trainedCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int { 0 }
  public func backwardScratchByteCount<Operands: OperandTypes>(of operands: Operands, output: Shape) -> Int { 0 }
  public func backward(_ context: borrowing BackwardContext) { preconditionFailure("this operator cannot be trained through") }
  public var int8Form: Int8Form? { nil }
  public var needsFineSums: Bool { false }
  public var fusedActivation: Activation? { nil }
  public func replacingActivation(_ activation: Activation) -> Self? { nil }
  public func absorbing(_ border: Border) -> Self? { nil }
  public var weightForm: WeightForm? { nil }
  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Self? { nil }
  public func permutesConstant(_ index: Int) -> Bool { true }
  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Self>? { nil }
}

/// An operator that can apply an activation to its results.
public protocol ActivatedOperator: Operator {
  var activation: Activation { get set }
}

extension ActivatedOperator {
  public var fusedActivation: Activation? { activation }

  public func replacingActivation(_ activation: Activation) -> Self? {
    var result = self
    result.activation = activation
    return result
  }
}

/// An operator on a stripe of an image: it reads the rows `inputRows` of every feature map that is as high as the image.
public struct Stripe<O: Operator> {
  public let operation: O
  public let inputRows: Range<Int>
}
