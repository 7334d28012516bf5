/// Where the weights of each output channel are: row-major, as the compiler's graphs have them, and packed, as files and kernels
/// do.
///
/// The weights of a channel are counted in the order of the taps, then of the input channels.
public struct WeightLayout: Sendable {
  /// Output channels.
  public let channels: Int
  /// Weights of a channel.
  public let depth: Int
  public let isDepthwise: Bool
  /// Parts of the channels that are packed by themselves.
  private let parts: Int

  /// `shape`: of the weights, or of a vector with one element for each channel.
  public init(_ form: WeightForm, _ shape: Shape) {
    isDepthwise = form.isDepthwise
    channels = form.isDepthwise ? shape[shape.rank - 1] : shape[0]
    depth = shape.count / channels
    parts = form.isDepthwise ? 1 : form.groups
  }

  /// True if the bias of the int8 form holds the input's zero point times the sum of the weights. A depthwise convolution leaves
  /// the padding out, so its kernel subtracts the zero point itself.
  public var foldsZeroPoint: Bool { !isDepthwise }

  // MARK: Row-major

  /// The channel of element `index`.
  public func channel(ofElement index: Int) -> Int { isDepthwise ? index % channels : index / depth }

  /// The element of weight `k` of a channel.
  public func element(_ k: Int, of channel: Int) -> Int { isDepthwise ? k * channels + channel : channel * depth + k }

  // MARK: Packed

  private var columns: Int { channels / parts }
  private var floatPanels: PanelPacking { PanelPacking(columns: columns, depth: depth) }
  private var int8Panels: Int8PanelPacking { Int8PanelPacking(columns: columns, depth: depth) }

  var packedFloatCount: Int { isDepthwise ? depth * PanelPacking.padded(channels) : parts * floatPanels.weightCount }
  var packedInt8Count: Int { isDepthwise ? packedFloatCount : parts * int8Panels.weightCount }
  /// Elements of a packed bias or of packed multipliers.
  var packedChannelCount: Int { parts * PanelPacking.padded(columns) }

  /// Where a channel's bias and multiplier are.
  func place(_ channel: Int) -> Int { channel / columns * PanelPacking.padded(columns) + channel % columns }

  /// Calls `body` with the element of each weight of a channel in the float32 and in the int8 layout.
  @inline(__always) func forEach(channel: Int, _ body: (_ float: Int, _ int8: Int) -> Void) {
    if isDepthwise {
      let padded = PanelPacking.padded(channels)
      for tap in 0..<depth { body(tap * padded + channel, tap * padded + channel) }
      return
    }
    let floats = floatPanels, int8s = int8Panels
    let (part, column) = (channel / columns, channel % columns)
    let (panel, lane) = (column / PanelPacking.width, column % PanelPacking.width)
    let float = part * floats.weightCount + panel * floats.panelStride + lane
    let int8 = part * int8s.weightCount + panel * int8s.panelStride + lane * 4
    for k in 0..<depth { body(float + k * PanelPacking.width, int8 + k / 4 * 64 + k % 4) }
  }

  /// Packs row-major weights, float32 or int8.
  func packWeights(_ elements: ByteRegion, into packed: inout MutableRawSpan) {
    let isInt8 = elements.count == channels * depth
    if isDepthwise {
      let padded = PanelPacking.padded(channels)
      for tap in 0..<depth {
        for channel in 0..<channels {
          let (from, to) = (tap * channels + channel, tap * padded + channel)
          if isInt8 {
            packed.store(elements.load(Int8.self, at: from), at: to)
          } else {
            packed.store(elements.word(4 * from), at: 4 * to)
          }
        }
      }
      return
    }
    for part in 0..<parts {
      if isInt8 {
        int8Panels.packWeights(elements, firstRow: part * columns, into: &packed, at: part * int8Panels.weightCount)
      } else {
        floatPanels.packWeights(elements, firstRow: part * columns, into: &packed, at: part * floatPanels.weightCount)
      }
    }
  }

  /// Packs 4-byte elements, one for each channel: parts start at whole panels.
  func packChannels(_ elements: ByteRegion, into packed: inout MutableRawSpan) {
    for channel in 0..<channels { packed.store(elements.word(4 * channel), at: 4 * place(channel)) }
  }
}
