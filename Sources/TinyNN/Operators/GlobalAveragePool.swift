/// The mean of every channel over the image.
///
/// Input: [N, H, W, C], float32 or int8. Output: [N, 1, 1, C], always float32, because a mean has more digits than its
/// terms. The sum runs over the pixels in order and is then divided by their number; of int8 it is the exact sum of
/// q - zero point, times the scale, divided by the number of pixels.
public struct GlobalAveragePool: Operator {
  public static let kind = OperatorKind.globalAveragePool
  public static let name: StaticString = "GlobalAveragePool"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0, rank: 4).shape
    return TensorType(.float32, Shape(input[0], 1, 1, input[3]))
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let channels = input.shape[3], pixels = input.shape[1] * input.shape[2]
    let share = context.share(of: channels)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(input, output, share) }
    let source = input.floats, target = output.floats
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

  private func runInt8(_ input: Tensor, _ output: Tensor, _ share: Range<Int>) {
    let channels = input.shape[3], pixels = input.shape[1] * input.shape[2]
    let map = input.map
    // The sums stand in the output's memory until they are divided.
    let source = input.int8s, sums = output.int32s, target = output.floats
    let divisor = Float(pixels)
    for image in 0..<input.shape[0] {
      let start = image * channels
      for channel in share { sums[start + channel] = 0 }
      for pixel in 0..<pixels {
        let from = (image * pixels + pixel) * channels
        for channel in share { sums[start + channel] = sums[start + channel] &+ (Int32(source[from + channel]) &- map.zeroPoint) }
      }
      for channel in share { target[start + channel] = nearestFloat(sums[start + channel]) * map.scale / divisor }
    }
  }
}
