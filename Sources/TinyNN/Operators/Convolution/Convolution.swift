/// Convolution with groups, dilation and asymmetric padding, bias and activation.
///
/// Inputs: activations [N, H, W, C], weights [O, kernel height, kernel width, C / groups] (constant), bias [O] (constant).
/// Output: [N, H', W', O]. Each output element is one chain of fused multiply-adds from the bias over the taps (y, x), then
/// the channels; taps in the padding count as zeros.
///
/// int8: activations and weights are int8, the weights symmetric per output channel. Bias is int32 [O] in units of input
/// scale x weight scale, with the input's zero point x the sum of the channel's weights already subtracted; input 3 is
/// multipliers float32 [O], input scale x weight scale / output scale. Convolution+Int8.swift runs it.
///
/// The patches are never copied: the kernel reads the taps of each output pixel through offsets. Where a tap holds few
/// channels (a first layer), the taps of one row, which lie side by side in memory, are read as one.
public struct Convolution: WeightedOperator {
  public static let name: StaticString = "Conv"
  public var window: Window
  public var groups: Int
  public var activation: Activation

  public init(window: Window, groups: Int = 1, activation: Activation = .none) {
    self.window = window
    self.groups = groups
    self.activation = activation
  }

  public init(decoding reader: inout AttributeReader) throws(ModelError) {
    window = try Window(decoding: &reader)
    groups = try reader.int(in: 1...Int(Int32.max))
    activation = try Activation(decoding: &reader)
  }

  public func encode<Sink: AttributeSink>(into sink: inout Sink) {
    window.encode(into: &sink)
    sink.append(groups)
    activation.encode(into: &sink)
  }

  public func outputType<Operands: OperandTypes>(_ index: Int, of operands: Operands) throws(ModelError) -> TensorType {
    let (type, input) = (try operands.activations(0, rank: 4).elementType, operands.shape(0))
    let weights = try operands.shape(1, of: type, rank: 4)
    try require(weights[1], is: window.height)
    try require(weights[2], is: window.width)
    try require(input[3] % groups, is: 0)
    try require(weights[0] % groups, is: 0)
    try require(weights[3], is: input[3] / groups)
    try operands.requireBias(channels: weights[0], for: type, activation)
    let (height, width) = try window.outputExtents(input)
    return TensorType(type, Shape(input[0], height, width, weights[0]))
  }

  public func multiplyAdds<Operands: OperandTypes>(of operands: Operands, output: TensorType) -> Int {
    output.shape.count * operands.shape(1).count(in: 1..<4)
  }

  public func scratchByteCount<Operands: OperandTypes>(of operands: Operands, output: TensorType, parts: Int) -> Int {
    let channels = operands.shape(1)[3]
    return parts
      * (operands.isInt8(0)
        ? Int8Blocks(self, channels: channels).scratchByteCount : Blocks(self, channels: channels).scratchByteCount)
  }

  public func absorbing(_ border: Border) -> Convolution? {
    window.absorbing(border).map { window in Convolution(window: window, groups: groups, activation: activation) }
  }

  public func striped<Operands: OperandTypes>(rows: Range<Int>, of operands: Operands) -> Stripe<Convolution>? {
    let (window, inputRows) = window.striped(rows: rows, height: operands.shape(0)[1])
    return Stripe(operation: Convolution(window: window, groups: groups, activation: activation), inputRows: inputRows)
  }

  public var weights: WeightForm { WeightForm(window: window, groups: groups) }

  /// How the output pixels of one image are cut into calls of the kernel, and the scratch memory of one part.
  private struct Blocks {
    /// Enough rows to use each panel of weights many times, few enough that their activations stay in the L2 cache.
    static let rowCount = 96
    let window: Window
    let channels: Int
    let isContiguous: Bool
    let joinsTaps: Bool

    init(_ convolution: Convolution, channels: Int) {
      window = convolution.window
      self.channels = channels
      isContiguous = window.isPointwise && convolution.groups == 1
      joinsTaps = channels < 8 && window.width > 1 && window.dilationX == 1 && convolution.groups == 1
    }

    var zerosOffset: Int { Format.aligned(4 * Blocks.rowCount * window.taps) }
    var zeroCount: Int { joinsTaps ? window.width * channels : channels }
    var scratchByteCount: Int { isContiguous ? 0 : zerosOffset + Format.aligned(4 * zeroCount) }

    /// How many pixels from `first` go into one call, and whether their taps can be joined: all inside the image's width.
    func next(_ first: Int, _ end: Int, inputWidth: Int, outputWidth: Int) -> (count: Int, joined: Bool) {
      guard joinsTaps else { return (min(Blocks.rowCount, end - first), false) }
      let insideStart = min(outputWidth, (window.padLeft + window.strideX - 1) / window.strideX)
      let room = inputWidth - window.width + window.padLeft
      let insideEnd = max(insideStart, min(outputWidth, room < 0 ? 0 : room / window.strideX + 1))
      let x = first % outputWidth
      if x < insideStart { return (min(insideStart - x, end - first), false) }
      if x < insideEnd { return (min(insideEnd - x, min(Blocks.rowCount, end - first)), true) }
      // The end of this row and the start of the next one.
      return (min(outputWidth - x + insideStart, end - first), false)
    }
  }

  /// `PanelWork.dividesColumns` of one image; a pixel reads as many new ones as the window steps over.
  func dividesColumns(pixels: Int, columns: Int, channels: Int) -> Bool {
    groups == 1
      && PanelWork.dividesColumns(
        rows: pixels, readPerRow: window.strideY * window.strideX * channels, depth: window.taps * channels, columns: columns)
  }

  public func run(_ context: borrowing OperatorContext) {
    let input = context.input(0)
    if !OperatorSelection.hasFloat || input.elementType == .int8 { return runInt8(context, input) }
    let weights = context.input(1), bias = context.input(2), output = context.output(0)
    let columns = output.shape[3] / groups
    let channels = weights.shape[3]
    let packing = PanelPacking(columns: columns, depth: window.taps * channels)
    let blocks = Blocks(self, channels: channels)
    let pixels = output.shape[1] * output.shape[2]

    let work = PanelWork(
      context, rows: pixels, columns: columns, panels: packing.panelCount,
      dividesColumns: dividesColumns(pixels: pixels, columns: columns, channels: channels))
    guard !work.isEmpty else { return }

    let scratch = context.scratch(share: blocks.scratchByteCount)
    let zeros: Elements<Float> = scratch.floats(
      at: blocks.isContiguous ? 0 : blocks.zerosOffset, count: blocks.isContiguous ? 0 : blocks.zeroCount)
    for i in 0..<zeros.count { zeros[i] = 0 }

    for image in 0..<output.shape[0] {
      let source = input.floats.slice(image * input.shape.count(in: 1..<4), input.shape.count(in: 1..<4))
      for group in 0..<groups {
        var first = work.rows.lowerBound
        while first < work.rows.upperBound {
          let (count, joined) = blocks.next(first, work.rows.upperBound, inputWidth: input.shape[2], outputWidth: output.shape[2])
          let rows: MatrixRows
          if blocks.isContiguous {
            rows = MatrixRows(source.slice(first * channels, count * channels), count: count, depth: channels)
          } else {
            let taps = joined ? window.height : window.taps
            let offsets = scratch.int32s(at: 0, count: count * taps)
            fillOffsets(offsets, first, count, input.shape, output.shape[2], channelOffset: group * channels, joined: joined)
            rows = MatrixRows(
              source, offsets: offsets, count: count, taps: taps, channels: joined ? window.width * channels : channels,
              zeros: zeros)
          }
          let target = (image * pixels + first) * output.shape[3] + group * columns
          context.kernels.multiply(
            rows, weights: work.weights(weights.floats, from: group * packing.weightCount, panelStride: packing.panelStride),
            bias: work.channels(bias.floats, from: group * packing.biasCount),
            output: work.results(output.floats, from: target, count: count, stride: output.shape[3]),
            outputStride: output.shape[3], columns: work.columnCount, minimum: activation.minimum, maximum: activation.maximum)
          if !activation.isClampOrNone {
            // Rows of all columns are as one.
            let isWhole = work.columnCount == output.shape[3]
            let (rows, length) = isWhole ? (1, count * work.columnCount) : (count, work.columnCount)
            for row in 0..<rows {
              let start = target + work.firstColumn + row * output.shape[3]
              activation.apply(output.floats, output.floats, start..<start + length, context.kernels)
            }
          }
          first += count
        }
      }
    }
  }

  /// Element offsets of the taps of `count` output pixels from `first`, -1 for taps in the padding; with `joined`, of the
  /// first tap of each row.
  func fillOffsets(
    _ offsets: Elements<Int32>, _ first: Int, _ count: Int, _ input: Shape, _ outputWidth: Int, channelOffset: Int, joined: Bool
  ) {
    // Locals, because the compiler must expect that a write to the offsets changes what it has not copied.
    let window = window, across = joined ? 1 : window.width
    let (height, width, channels) = (input[1], input[2], input[3])
    let rowStep = window.dilationY * width * channels, columnStep = window.dilationX * channels
    let (lastY, lastX) = (height - (window.height - 1) * window.dilationY, width - (window.width - 1) * window.dilationX)
    let taps = window.height * across, pixelStep = Int32(truncatingIfNeeded: window.strideX * channels)
    var index = 0
    var (y, x) = (first / outputWidth, first % outputWidth)
    while index < count * taps {
      let (top, left) = (y * window.strideY - window.padTop, x * window.strideX - window.padLeft)
      var row = (top * width + left) * channels + channelOffset
      if top >= 0 && top < lastY && left >= 0 && left < lastX {
        // As far as all taps are inside, each moves by the same step from pixel to pixel.
        let inside = (lastX - 1 - left) / window.strideX + 1
        let pixels = min(inside, min(outputWidth - x, count - index / taps))
        let end = index + pixels * taps
        var place = index
        for _ in 0..<window.height {
          for kx in 0..<across { offsets[place &+ kx] = Int32(truncatingIfNeeded: row &+ kx &* columnStep) }
          place &+= across
          row &+= rowStep
        }
        if taps <= 16 && index + 16 <= offsets.count {
          // Lanes behind the last tap fall on the next pixel, whose offsets are written next.
          var values = offsets.vector(SIMD16<Int32>.self, at: index)
          while place < end && place &+ 16 <= offsets.count {
            values &+= SIMD16(repeating: pixelStep)
            offsets.store(values, at: place)
            place &+= taps
          }
        }
        while place < end {
          offsets[place] = offsets[place &- taps] &+ pixelStep
          place &+= 1
        }
        index = end
        x += pixels
      } else {
        // Sums of products of extents that the check of the file has bounded: nothing overflows.
        for ky in 0..<window.height {
          let iy = top &+ ky &* window.dilationY
          let isInside = iy >= 0 && iy < height
          var (ix, place) = (left, row)
          for kx in 0..<across {
            offsets[index &+ kx] = isInside && ix >= 0 && ix < width ? Int32(truncatingIfNeeded: place) : -1
            ix &+= window.dilationX
            place &+= columnStep
          }
          index &+= across
          row &+= rowStep
        }
        x += 1
      }
      if x == outputWidth { (y, x) = (y + 1, 0) }
    }
  }
}
