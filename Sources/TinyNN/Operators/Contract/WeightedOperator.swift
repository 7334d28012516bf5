/// How an operator multiplies by constant weights, as far as its attributes say it: what passes, quantization and training ask.
public struct WeightForm: Sendable {
  /// The window that slides over NHWC feature maps; nil where each row of the innermost axis is multiplied by itself.
  public let window: Window?
  /// Sets of output channels, one after the other, that read one set of input channels each.
  public let groups: Int
  /// True for one filter for each channel, stored [taps, channels]; otherwise weights are [output channels, taps, input channels
  /// of a group].
  public let isDepthwise: Bool

  public init(window: Window? = nil, groups: Int = 1, isDepthwise: Bool = false) {
    self.window = window
    self.groups = groups
    self.isDepthwise = isDepthwise
  }

  /// True if the innermost axis of the weights runs over all channels of the input.
  public var readsAllChannels: Bool { isDepthwise || groups == 1 }
}

/// An operator with constant weights (input 1), of which each set gives one channel, the innermost axis of the output; input 2 is
/// the bias over the same channels. In int8, input 2 is int32 and input 3 has a multiplier for each channel.
///
/// The kernels want the weights packed as `WeightLayout` says, and the vectors padded to whole panels.
public protocol WeightedOperator: ActivatedOperator {
  var weights: WeightForm { get }
}

extension WeightedOperator {
  public var weightForm: WeightForm? { weights }
  public var int8Form: Int8Form? { .weighted }
  public func permutesConstant(_ index: Int) -> Bool { false }

  public func packedByteCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int? {
    let layout = WeightLayout(weights, operands.shape(1))
    switch index {
    case 1: return operands.isInt8(0) ? layout.packedInt8Count : layout.packedFloatCount * 4
    case 2, 3: return layout.packedChannelCount * 4
    default: return nil
    }
  }

  public func pack(input index: Int, _ shape: Shape, _ elements: ByteRegion, into packed: inout MutableRawSpan) {
    let layout = WeightLayout(weights, shape)
    if index == 1 { layout.packWeights(elements, into: &packed) } else { layout.packChannels(elements, into: &packed) }
  }

  public func trainedCount<Operands: OperandTypes>(ofInput index: Int, of operands: Operands) -> Int {
    (packedByteCount(ofInput: index, of: operands) ?? 0) / 4
  }
}
