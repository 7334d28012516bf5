/// Where the weights of one operator's output channels are in the packed layouts, float32 and int8.
struct WeightPlaces {
  let channelCount: Int
  let foldsZeroPoint: Bool
  private let groupColumns: Int
  private let depth: Int
  private let isDepthwise: Bool

  /// `record`: a convolution, depthwise convolution or dense layer of `model`.
  init(_ model: Model, _ record: OperatorRecord) {
    let shape = model.tensor(model.operand(record, 1) ?? 0).type.shape
    isDepthwise = record.kind == .depthwiseConvolution
    foldsZeroPoint = !isDepthwise
    if isDepthwise {
      channelCount = shape[shape.rank - 1]
      groupColumns = channelCount
      depth = shape.count / channelCount
    } else {
      channelCount = shape[0]
      depth = shape.count / channelCount
      var groups = GroupCount(attributes: model.attributes(record))
      groupColumns = channelCount / ((try? record.kind.accept(&groups)) ?? 1)
    }
  }

  /// Where a channel's bias and multiplier are.
  func place(_ channel: Int) -> Int {
    channel / groupColumns * PanelPacking.padded(groupColumns) + channel % groupColumns
  }

  @inline(__always) func forEachChannel(_ body: (_ channel: Int, _ place: Int) -> Void) {
    for channel in 0..<channelCount { body(channel, place(channel)) }
  }

  /// Calls `body` with the element of each weight of a channel in the float32 and in the int8 layout.
  @inline(__always) func forEach(channel: Int, _ body: (_ float: Int, _ int8: Int) -> Void) {
    if isDepthwise {
      let padded = PanelPacking.padded(channelCount)
      for tap in 0..<depth { body(tap * padded + channel, tap * padded + channel) }
      return
    }
    let floats = PanelPacking(columns: groupColumns, depth: depth), int8s = Int8PanelPacking(columns: groupColumns, depth: depth)
    let (group, column) = (channel / groupColumns, channel % groupColumns)
    let (panel, lane) = (column / PanelPacking.width, column % PanelPacking.width)
    let float = group * floats.weightCount + panel * floats.panelStride + lane
    let int8 = group * int8s.weightCount + panel * int8s.panelStride + lane * 4
    for k in 0..<depth { body(float + k * PanelPacking.width, int8 + k / 4 * 64 + k % 4) }
  }

  /// The sum of a channel's int8 weights.
  func sum(_ weights: Elements<Int8>, channel: Int) -> Int {
    var sum = 0
    forEach(channel: channel) { _, int8 in sum += Int(weights[int8]) }
    return sum
  }

  /// The scale of a channel's weights as int8: the largest becomes 127, unless the bias in units of `inputScale` times it
  /// would not fit into int32.
  func scale(_ weights: Elements<Float>, bias: Elements<Float>, inputScale: Float, channel: Int) -> Float {
    var largest: Float = 0
    forEach(channel: channel) { float, _ in
      let magnitude = weights[float].magnitude
      if magnitude > largest { largest = magnitude }
    }
    let least = bias[place(channel)].magnitude / (inputScale * 0x1p30)
    let scale = largest / 127 > least ? largest / 127 : least
    return scale >= .leastNormalMagnitude ? scale : 1
  }
}

private struct GroupCount: OperatorVisitor {
  let attributes: ByteRegion

  func visit<O: Operator>(_ type: O.Type) throws(ModelError) -> Int {
    guard O.kind == .convolution else { return 1 }
    var reader = AttributeReader(attributes)
    return try Convolution(decoding: &reader).groups
  }
}
