/// Convolution with one filter per channel.
///
/// Inputs: activations [N, H, W, C], weights [kernel height, kernel width, C] (constant), bias [C] (constant). Output:
/// [N, H', W', C]. Each output element is one chain of fused multiply-adds from the bias over the taps (y, x) inside the
/// image.
public struct DepthwiseConvolution: Operator {
  public static let kind = OperatorKind.depthwiseConvolution
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
    try operands.require(inputs: 3)
    let input = try operands.float32(0, rank: 4).shape
    let weights = try operands.float32(1, rank: 3).shape
    let bias = try operands.float32(2, rank: 1).shape
    try require(weights[0], is: window.height)
    try require(weights[1], is: window.width)
    try require(weights[2], is: input[3])
    try require(bias[0], is: input[3])
    let (height, width) = try window.outputExtents(input)
    return TensorType(.float32, Shape(input[0], height, width, input[3]))
  }

  public func packedByteCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int? {
    let padded = PanelPacking.padded(operands.shape(1)[2])
    switch index {
    case 1: return 4 * window.taps * padded
    case 2: return 4 * padded
    default: return nil
    }
  }

  public func pack(input index: Int, _ shape: Shape, _ elements: ByteRegion, into packed: inout MutableSpan<Float>) {
    let channels = shape[shape.rank - 1]
    let padded = PanelPacking.padded(channels)
    for tap in 0..<shape.count / channels {
      for channel in 0..<channels {
        packed[tap * padded + channel] = elements.load(Float.self, at: 4 * (tap * channels + channel))
      }
    }
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    output.shape.count * window.taps
  }

  public func fusing(_ next: Activation) -> DepthwiseConvolution? {
    guard activation == .none else { return nil }
    return DepthwiseConvolution(window: window, activation: next)
  }

  public func absorbing(_ pad: Pad) -> DepthwiseConvolution? {
    window.absorbing(pad).map { window in DepthwiseConvolution(window: window, activation: activation) }
  }

  public var weightChannelAxis: Int? { 2 }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), weights = context.input(1), bias = context.input(2), output = context.output(0)
    let rows = context.share(of: output.shape[1])
    guard !rows.isEmpty else { return }
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
        activation.apply(output.floats, output.floats, start + rows.lowerBound * rowCount..<start + rows.upperBound * rowCount)
      }
    }
  }
}
