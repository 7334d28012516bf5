/// The mean of every channel over the image.
///
/// Input: [N, H, W, C], float32 or int8. Output: [N, 1, 1, C], always float32, because a mean has more digits than its
/// terms. The sum runs over the pixels in order and is then divided by their number; of int8 it is the exact sum of
/// q - zero point, times the scale, divided by the number of pixels.
public struct GlobalAveragePool: Operator {
  public static let name: StaticString = "GlobalAveragePool"

  public init() {}
  public init(decoding reader: inout AttributeReader) throws(ModelError) {}

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    try operands.require(inputs: 1)
    let input = try operands.activations(0, rank: 4).shape
    return TensorType(.float32, Shape(input[0], 1, 1, input[3]))
  }

  public var int8Form: Int8Form? { .followingToFloat32 }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0), output = context.output(0)
    let channels = input.shape[3], pixels = input.shape[1] * input.shape[2]
    let share = context.share(of: channels)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(input, output, share) }
    let divisor = Float(pixels)
    for image in 0..<input.shape[0] {
      let source = input.floats.slice(image * pixels * channels, pixels * channels),
        target = output.floats.slice(image * channels, channels)
      var channel = share.lowerBound
      while channel + 16 <= share.upperBound {
        var place = channel
        var (low, high) = (source.vector(SIMD8<Float>.self, at: place), source.vector(SIMD8<Float>.self, at: place + 8))
        for _ in 1..<max(1, pixels) {
          place &+= channels
          low += source.vector(SIMD8<Float>.self, at: place)
          high += source.vector(SIMD8<Float>.self, at: place &+ 8)
        }
        target.store(low / divisor, at: channel)
        target.store(high / divisor, at: channel + 8)
        channel += 16
      }
      while channel < share.upperBound {
        var sum = source[channel], place = channel
        for _ in 1..<max(1, pixels) {
          place &+= channels
          sum += source[place]
        }
        target[channel] = sum / divisor
        channel += 1
      }
    }
  }

  private func runInt8(_ input: Tensor, _ output: Tensor, _ share: Range<Int>) {
    let channels = input.shape[3], pixels = input.shape[1] * input.shape[2]
    let map = input.map
    let offset = map.zeroPoint &* Int32(truncatingIfNeeded: pixels), divisor = Float(pixels)
    for image in 0..<input.shape[0] {
      let source = input.int8s.slice(image * pixels * channels, pixels * channels),
        target = output.floats.slice(image * channels, channels)
      var channel = share.lowerBound
      while channel + 8 <= share.upperBound {
        var sums = SIMD8<Int32>(repeating: 0), place = channel
        for _ in 0..<pixels {
          // Lane by lane: the compiler makes one widening load of it, and on 32-bit ARM would allocate for a load of SIMD8<Int8>.
          sums &+= SIMD8(
            Int32(source[place]), Int32(source[place &+ 1]), Int32(source[place &+ 2]), Int32(source[place &+ 3]),
            Int32(source[place &+ 4]), Int32(source[place &+ 5]), Int32(source[place &+ 6]), Int32(source[place &+ 7]))
          place &+= channels
        }
        for lane in 0..<8 { target[channel + lane] = nearestFloat(sums[lane] &- offset) * map.scale / divisor }
        channel += 8
      }
      while channel < share.upperBound {
        var sum: Int32 = 0, place = channel
        for _ in 0..<pixels {
          sum &+= Int32(source[place])
          place &+= channels
        }
        target[channel] = nearestFloat(sum &- offset) * map.scale / divisor
        channel += 1
      }
    }
  }
}
