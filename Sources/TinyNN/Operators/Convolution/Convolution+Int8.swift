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

  func runInt8(_ context: borrowing OperatorContext) {
    let input = context.input(0), weights = context.input(1), output = context.output(0)
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
    let scratch = context.scratch(share: blocks.scratchByteCount)
    let padding =
      blocks.rows == .indirect
      ? scratch.int8s(at: blocks.paddingOffset, count: channels) : scratch.int8s(at: 0, count: 0)
    for i in 0..<padding.count { padding[i] = zeroPoint }

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

  /// Copies the patches of `count` output pixels from `first`; taps in the padding, and elements behind the last tap, are the
  /// zero point.
  private func gather(
    _ source: Elements<Int8>, _ patches: Elements<Int8>, _ first: Int, _ count: Int, _ outputWidth: Int, _ patch: Patch
  ) {
    // Locals, because the compiler must expect that a write to the patches changes what it has not copied.
    let window = window, (stride, zeroPoint) = (patch.stride, patch.zeroPoint)
    let (height, width, depth) = (patch.input[1], patch.input[2], patch.input[3])
    // Taps of one row are neighbours in memory where all channels are taken.
    let isRun = window.dilationX == 1 && patch.channels == depth
    let runCount = window.width * patch.channels, patchCount = window.taps * patch.channels
    let rowStep = window.dilationY * width * depth
    let (lastY, lastX) = (height - (window.height - 1) * window.dilationY, width - window.width + 1)
    var (y, x) = (first / outputWidth, first % outputWidth)
    var start = 0
    for _ in 0..<count {
      let top = y * window.strideY - window.padTop, left = x * window.strideX - window.padLeft
      if isRun && left >= 0 && left < lastX && top >= 0 && top < lastY {
        var (index, from) = (start, (top * width + left) * depth)
        for _ in 0..<window.height {
          patches.copy(runCount, to: index, from: source, at: from)
          index += runCount
          from += rowStep
        }
      } else {
        gatherAtEdge(source, patches, start, top, left, patch)
      }
      for index in start + patchCount..<start + stride { patches[index] = zeroPoint }
      start += stride
      x += 1
      if x == outputWidth { (y, x) = (y + 1, 0) }
    }
  }

  /// One patch, tap by tap.
  private func gatherAtEdge(
    _ source: Elements<Int8>, _ patches: Elements<Int8>, _ start: Int, _ top: Int, _ left: Int, _ patch: Patch
  ) {
    let (height, width, depth) = (patch.input[1], patch.input[2], patch.input[3])
    var index = start
    for ky in 0..<window.height {
      let iy = top + ky * window.dilationY
      for kx in 0..<window.width {
        let ix = left + kx * window.dilationX
        if iy >= 0 && iy < height && ix >= 0 && ix < width {
          patches.copy(patch.channels, to: index, from: source, at: (iy * width + ix) * depth + patch.firstChannel)
        } else {
          for channel in 0..<patch.channels { patches[index + channel] = patch.zeroPoint }
        }
        index += patch.channels
      }
    }
  }
}

extension Elements<Int8> {
  /// Copies `count` elements in words, of which the last overlaps the one before it.
  @inline(__always) fileprivate func copy(_ count: Int, to target: Int, from source: Elements<Int8>, at start: Int) {
    let word = MemoryLayout<UInt>.size
    guard count >= word else {
      for i in 0..<count { self[target + i] = source[start + i] }
      return
    }
    assert(start >= 0 && start + count <= source.count && target >= 0 && target + count <= self.count)
    // In bounds: every word lies inside the `count` elements.
    let from = unsafe UnsafeRawPointer(source.base + start), to = unsafe UnsafeMutableRawPointer(base + target)
    var i = 0
    while i + word < count {
      unsafe to.storeBytes(of: from.loadUnaligned(fromByteOffset: i, as: UInt.self), toByteOffset: i, as: UInt.self)
      i += word
    }
    unsafe to.storeBytes(
      of: from.loadUnaligned(fromByteOffset: count - word, as: UInt.self), toByteOffset: count - word, as: UInt.self)
  }
}
