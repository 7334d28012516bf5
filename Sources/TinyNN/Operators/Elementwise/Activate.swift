/// An activation as an operator of its own: [any shape] -> the same shape, float32 or int8.
///
/// int8: each of the 256 values is dequantized, put through the function and quantized for the output; the function `none`
/// changes scale and zero point only.
public struct Activate: Operator {
  public static let name: StaticString = "Activation"
  public var activation: Activation

  public init(_ activation: Activation) { self.activation = activation }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    activation = try Activation(decoding: &reader)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) { activation.encode(into: &sink) }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    guard operands.inputCount == 1, index == 0 else { throw ModelError(.wrongOperandCount, found: operands.inputCount, needed: 1) }
    return try operands.activations(0)
  }

  public func runsInPlace<Operands: OperandTypes>(input index: Int, of operands: Operands) -> Bool { index == 0 }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Activate? { self }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Activate>? {
    Stripe(operation: self, inputRows: rows)
  }

  public var int8Form: Int8Form? { .following }

  public func run(_ context: borrowing OperatorContext) {
    let output = context.output(0)
    let share = context.share(of: output.shape.count)
    if output.elementType == .int8 { return runInt8(context.input(0), output, share) }
    activation.apply(context.input(0).floats, output.floats, share, context.kernels)
  }

  private func runInt8(_ input: Tensor, _ output: Tensor, _ share: Range<Int>) {
    var table = InlineArray<256, Int8>(repeating: 0)
    let (from, to) = (input.map, output.map)
    for q in 0..<256 { table[q] = to.quantize(activation.value(from.dequantize(Int8(truncatingIfNeeded: q &- 128)))) }
    let source = input.int8s, target = output.int8s
    for i in share { target[i] = table[Int(source[i]) &+ 128] }
  }
}
