/// Convolution with one filter per channel.
///
/// Inputs: activations [N, H, W, C], weights [kernel height, kernel width, C] (constant), bias [C] (constant). Output:
/// [N, H', W', C]. Each output element is one chain of fused multiply-adds from the bias over the taps (y, x) inside the
/// image.
///
/// int8: weights are int8, symmetric per channel; bias is int32 [C] in units of input scale x weight scale; input 3 is
/// multipliers float32 [C], input scale x weight scale / output scale. The sum runs over (x - input zero point) x weight.
public struct DepthwiseConvolution: WeightedOperator {
  public static let name: StaticString = "DepthwiseConv"
  public var window: Window
  public var activation: Activation

  public init(window: Window, activation: Activation = .none) {
    self.window = window
    self.activation = activation
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    window = try Window(decoding: &reader)
    activation = try Activation(decoding: &reader)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    window.encode(into: &sink)
    activation.encode(into: &sink)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    let (type, input) = (try operands.activations(0, rank: 4).elementType, operands.shape(0))
    let weights = try operands.shape(1, of: type, rank: 3)
    try require(weights[0], is: window.height)
    try require(weights[1], is: window.width)
    try require(weights[2], is: input[3])
    try operands.requireBias(channels: input[3], for: type, activation)
    let (height, width) = try window.outputExtents(input)
    return TensorType(type, Shape(input[0], height, width, input[3]))
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    output.shape.count * window.taps
  }

  public func absorbing(_ border: Border) -> DepthwiseConvolution? {
    window.absorbing(border).map { window in DepthwiseConvolution(window: window, activation: activation) }
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<DepthwiseConvolution>? {
    let (window, inputRows) = window.striped(rows: rows, height: operands.shape(0)[1])
    return Stripe(operation: DepthwiseConvolution(window: window, activation: activation), inputRows: inputRows)
  }

  public var weights: WeightForm { WeightForm(window: window, isDepthwise: true) }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), weights = context.input(1), bias = context.input(2), output = context.output(0)
    let rows = context.share(of: output.shape[1])
    guard !rows.isEmpty else { return }
    if !OperatorSelection.hasFloat || input.elementType == .int8 {
      return runInt8(context, input, weights, bias, output, rows: rows)
    }
    let inputCount = input.shape.count(in: 1..<4), outputCount = output.shape.count(in: 1..<4)
    let rowCount = output.shape[2] * output.shape[3]
    for image in 0..<output.shape[0] {
      context.kernels.convolveDepthwise(
        input.floats.slice(image * inputCount, inputCount), input.shape, window,
        weights: weights.floats, bias: bias.floats,
        output: output.floats.slice(image * outputCount, outputCount), outputWidth: output.shape[2], rows: rows,
        minimum: activation.minimum, maximum: activation.maximum)
      if !activation.isClampOrNone {
        let start = image * outputCount
        activation.apply(
          output.floats, output.floats, start + rows.lowerBound * rowCount..<start + rows.upperBound * rowCount, context.kernels)
      }
    }
  }
}
