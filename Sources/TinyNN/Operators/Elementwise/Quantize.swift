/// float32 to int8 with the scale and the zero point of the output: q = round to nearest even of x / scale, plus the zero
/// point, saturated (ONNX QuantizeLinear).
public struct Quantize: Operator {
  public static let name: StaticString = "Quantize"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    return TensorType(.int8, try operands.float32(0).shape)
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Quantize>? {
    Stripe(operation: self, inputRows: rows)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Quantize? { self }

  public func run(_ context: borrowing OperatorContext) {
    let output = context.output(0)
    let source = context.input(0).floats
    // In training everything is float32, and the session rounds results to the steps of their maps.
    if output.elementType == .float32 { return copy(source, output.floats, context.share(of: output.shape.count)) }
    let target = output.int8s, map = output.map
    for i in context.share(of: output.shape.count) { target[i] = map.quantize(source[i]) }
  }
}

/// int8 to float32: scale (q - zero point) of the input (ONNX DequantizeLinear).
public struct Dequantize: Operator {
  public static let name: StaticString = "Dequantize"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0)
    guard input.elementType == .int8 else {
      throw ModelError(.operandTypeMismatch, found: Int(input.elementType.rawValue), needed: Int(ElementType.int8.rawValue))
    }
    return TensorType(.float32, input.shape)
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Dequantize>? {
    Stripe(operation: self, inputRows: rows)
  }

  public func permuted<Operands: OperandTypes>(by permutation: Permutation, of operands: Operands) -> Dequantize? { self }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0)
    if input.elementType == .float32 { return copy(input.floats, context.output(0).floats, context.share(of: input.shape.count)) }
    let source = input.int8s, target = context.output(0).floats, map = input.map
    for i in context.share(of: input.shape.count) { target[i] = map.dequantize(source[i]) }
  }
}

private func copy(_ source: Elements<Float>, _ target: Elements<Float>, _ range: Range<Int>) {
  for i in range { target[i] = source[i] }
}
