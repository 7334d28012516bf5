import CTinyNN

extension Convolution {
  /// How the output pixels of one image are cut into calls of the int8 kernel, and the scratch memory of one part.
  ///
  /// The kernel takes four channels at a time, so taps of other counts, and of the few channels of a first layer, are gathered
  /// into patches.
  struct Int8Blocks {
    enum Rows { case contiguous, indirect, gathered }
    /// Enough rows to use each panel of weights many times, few enough that their activations stay in the L2 cache.
    static let rowCount = 96
    let rows: Rows
    let taps: Int, channels: Int

    init(_ convolution: Convolution, channels: Int) {
      taps = convolution.window.taps
      self.channels = channels
      let isContiguous = convolution.window.isPointwise && convolution.groups == 1
      rows = channels % 4 != 0 || (taps > 1 && channels < 8) ? .gathered : isContiguous ? .contiguous : .indirect
    }

    /// The zero points that stand for taps in the padding, behind the offsets.
    var paddingOffset: Int { Format.aligned(4 * Int8Blocks.rowCount * taps) }

    var scratchByteCount: Int {
      switch rows {
      case .contiguous: 0
      case .indirect: paddingOffset + Format.aligned(channels)
      case .gathered: Format.aligned(Int8Blocks.rowCount * ((taps * channels + 3) & ~3))
      }
    }
  }

  func runInt8(_ context: borrowing OperatorContext, _ input: Tensor) {
    let weights = context.input(1), output = context.output(0)
    let bias = context.input(2).int32s, multipliers = context.input(3).floats
    let columns = output.shape[3] / groups
    let channels = weights.shape[3]
    let packing = Int8PanelPacking(columns: columns, depth: window.taps * channels)
    let blocks = Int8Blocks(self, channels: channels)
    let pixels = output.shape[1] * output.shape[2]

    let work = PanelWork(
      context, rows: pixels, columns: columns, panels: packing.panelCount,
      dividesColumns: dividesColumns(pixels: pixels, columns: columns, channels: channels))
    guard !work.isEmpty else { return }

    let zeroPoint = Int8(truncatingIfNeeded: input.map.zeroPoint)
    let bounds = activation.bounds(in: output.map)
    if blocks.rows != .contiguous && groups == 1 && window.dilationX == 1 && window.dilationY == 1 {
      let count = input.shape.count(in: 1..<4)
      var image = 0
      while image < output.shape[0],
        context.kernels.convolve(
          input.int8s.slice(image * count, count), input.shape, zeroPoint: input.map.zeroPoint, window,
          weights: work.weights(weights.int8s, panelStride: packing.panelStride), bias: work.channels(bias),
          multipliers: work.channels(multipliers),
          output: work.results(
            output.int8s, from: (image * pixels + work.rows.lowerBound) * columns, count: work.rows.count, stride: columns),
          outputWidth: output.shape[2], outputStride: columns, columns: work.columnCount, pixels: work.rows, bounds)
      { image += 1 }
      if image == output.shape[0] { return }
    }

    let scratch = context.scratch(share: blocks.scratchByteCount)
    let padding =
      blocks.rows == .indirect
      ? scratch.int8s(at: blocks.paddingOffset, count: channels) : scratch.int8s(at: 0, count: 0)
    for i in 0..<padding.count { padding[i] = zeroPoint }
    if blocks.rows == .gathered {
      // Behind the last tap of every patch; no patch writes there.
      let patches = scratch.int8s(at: 0, count: Int8Blocks.rowCount * packing.paddedDepth)
      for row in 0..<Int8Blocks.rowCount {
        patches.fill(row * packing.paddedDepth + packing.depth, (row + 1) * packing.paddedDepth, zeroPoint)
      }
    }

    for image in 0..<output.shape[0] {
      let source = input.int8s.slice(image * input.shape.count(in: 1..<4), input.shape.count(in: 1..<4))
      for group in 0..<groups {
        var first = work.rows.lowerBound
        while first < work.rows.upperBound {
          let count = min(Int8Blocks.rowCount, work.rows.upperBound - first)
          let rows: Int8MatrixRows
          switch blocks.rows {
          case .contiguous:
            rows = Int8MatrixRows(source.slice(first * channels, count * channels), count: count, depth: channels)
          case .indirect:
            let offsets = scratch.int32s(at: 0, count: count * window.taps)
            fillOffsets(offsets, first, count, input.shape, output.shape[2], channelOffset: group * channels, joined: false)
            rows = Int8MatrixRows(source, offsets: offsets, count: count, taps: window.taps, channels: channels, padding: padding)
          case .gathered:
            let patches = scratch.int8s(at: 0, count: count * packing.paddedDepth)
            let patch = Patch(
              input: input.shape, channels: channels, firstChannel: group * channels, stride: packing.paddedDepth,
              zeroPoint: zeroPoint)
            gather(source, patches, first, count, output.shape[2], patch)
            rows = Int8MatrixRows(patches, count: count, depth: packing.paddedDepth)
          }
          let target = (image * pixels + first) * output.shape[3] + group * columns
          context.kernels.multiply(
            rows, weights: work.weights(weights.int8s, from: group * packing.weightCount, panelStride: packing.panelStride),
            bias: work.channels(bias, from: group * packing.biasCount),
            multipliers: work.channels(multipliers, from: group * packing.biasCount),
            output: work.results(output.int8s, from: target, count: count, stride: output.shape[3]),
            outputStride: output.shape[3], columns: work.columnCount, bounds)
          first += count
        }
      }
    }
  }

  /// What a gathered patch is made of: `channels` from `firstChannel` at each tap, one patch every `stride` elements.
  private struct Patch {
    let input: Shape
    let channels: Int, firstChannel: Int, stride: Int
    let zeroPoint: Int8
  }

  /// Copies the patches of `count` output pixels from `first`; taps in the padding are the zero point. What is behind the
  /// last tap of each stays as it is.
  private func gather(
    _ source: Elements<Int8>, _ patches: Elements<Int8>, _ first: Int, _ count: Int, _ outputWidth: Int, _ patch: Patch
  ) {
    // Locals, because the compiler must expect that a write to the patches changes what it has not copied.
    let window = window, stride = patch.stride
    let (height, width, depth) = (patch.input[1], patch.input[2], patch.input[3])
    // Taps of one row are neighbours in memory where all channels are taken.
    let isRun = window.dilationX == 1 && patch.channels == depth
    let runCount = window.width * patch.channels
    let rowStep = window.dilationY * width * depth, pixelStep = window.strideX * depth
    let (lastY, lastX) = (height - (window.height - 1) * window.dilationY, width - window.width + 1)
    var (y, x) = (first / outputWidth, first % outputWidth)
    var (start, end) = (0, count * stride)
    while start < end {
      let top = y * window.strideY - window.padTop, left = x * window.strideX - window.padLeft
      if isRun && left >= 0 && left < lastX && top >= 0 && top < lastY {
        // As far as all taps are inside, each moves by the same step from pixel to pixel.
        let pixels = min((lastX - 1 - left) / window.strideX + 1, min(outputWidth - x, (end - start) / stride))
        var from = (top * width + left) * depth
        for _ in 0..<pixels {
          patches.copyRuns(window.height, of: runCount, to: start, from: source, at: from, step: rowStep)
          start &+= stride
          from &+= pixelStep
        }
        x += pixels
      } else {
        gatherAtEdge(source, patches, start, top, left, patch)
        start += stride
        x += 1
      }
      if x == outputWidth { (y, x) = (y + 1, 0) }
    }
  }

  /// One patch, tap by tap; where the taps of a row are neighbours, those inside the image as one.
  private func gatherAtEdge(
    _ source: Elements<Int8>, _ patches: Elements<Int8>, _ start: Int, _ top: Int, _ left: Int, _ patch: Patch
  ) {
    let (height, width, depth) = (patch.input[1], patch.input[2], patch.input[3])
    let isRun = window.dilationX == 1 && patch.channels == depth
    let step = isRun ? window.width : 1
    var index = start
    for ky in 0..<window.height {
      let iy = top + ky * window.dilationY
      for kx in stride(from: 0, to: window.width, by: step) {
        let ix = left + kx * window.dilationX
        let before = iy < 0 || iy >= height ? step : min(step, max(0, -ix))
        let inside = max(0, min(step - before, width - ix - before))
        let first = index + before * patch.channels, behind = first + inside * patch.channels
        patches.fill(index, first, patch.zeroPoint)
        let from = (iy * width + ix + before) * depth + patch.firstChannel
        if inside > 0 { patches.copyRuns(1, of: inside * patch.channels, to: first, from: source, at: from, step: 0) }
        index += step * patch.channels
        patches.fill(behind, index, patch.zeroPoint)
      }
    }
  }
}

extension Elements<Int8> {
  /// Copies `runs` runs of `count` elements, `step` apart there and side by side here, in words, of which the last of a run
  /// overlaps the one before it.
  @inline(__always) fileprivate func copyRuns(
    _ runs: Int, of count: Int, to target: Int, from source: Elements<Int8>, at start: Int, step: Int
  ) {
    let word = MemoryLayout<UInt>.size
    assert(start >= 0 && start + (runs - 1) * step + count <= source.count && target >= 0 && target + runs * count <= self.count)
    // In bounds: every word lies inside the `count` elements of a run.
    var from = unsafe UnsafeRawPointer(source.base + start), to = unsafe UnsafeMutableRawPointer(base + target)
    for _ in 0..<runs {
      if count >= word {
        var i = 0
        while i &+ word < count {
          unsafe to.storeBytes(of: from.loadUnaligned(fromByteOffset: i, as: UInt.self), toByteOffset: i, as: UInt.self)
          i &+= word
        }
        i = count &- word
        unsafe to.storeBytes(of: from.loadUnaligned(fromByteOffset: i, as: UInt.self), toByteOffset: i, as: UInt.self)
      } else {
        for i in 0..<count { unsafe to.storeBytes(of: from.load(fromByteOffset: i, as: Int8.self), toByteOffset: i, as: Int8.self) }
      }
      unsafe from += step
      unsafe to += count
    }
  }

  @inline(__always) fileprivate func fill(_ start: Int, _ end: Int, _ value: Int8) {
    var index = start
    while index < end {
      self[index] = value
      index &+= 1
    }
  }
}
