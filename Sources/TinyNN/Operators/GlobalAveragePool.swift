/// The mean of every channel over the image.
///
/// Input: [N, H, W, C]. Output: [N, 1, 1, C]. The sum runs over the pixels in order and is then divided by their number.
public struct GlobalAveragePool: Operator {
  public static let kind = OperatorKind.globalAveragePool
  public static let name: StaticString = "GlobalAveragePool"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.float32(0, rank: 4).shape
    return TensorType(.float32, Shape(input[0], 1, 1, input[3]))
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let channels = input.shape[3], pixels = input.shape[1] * input.shape[2]
    let source = input.floats, target = output.floats
    let share = context.share(of: channels)
    let divisor = Float(pixels)
    for image in 0..<input.shape[0] {
      let start = image * channels
      for channel in share { target[start + channel] = source[image * pixels * channels + channel] }
      for pixel in 1..<max(1, pixels) {
        let from = (image * pixels + pixel) * channels
        for channel in share { target[start + channel] = target[start + channel] + source[from + channel] }
      }
      for channel in share { target[start + channel] = target[start + channel] / divisor }
    }
  }
}
