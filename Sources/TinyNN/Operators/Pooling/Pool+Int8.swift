extension Pool {
  func runInt8(_ context: borrowing OperatorContext, _ input: Tensor, _ output: Tensor) {
    let channels = input.shape[3]
    let source = input.int8s, target = output.int8s
    let zeroPoint = input.map.zeroPoint
    for row in context.share(of: output.shape[0] * output.shape[1]) {
      let (image, y) = (row / output.shape[1], row % output.shape[1])
      let rowsInside = inside(y * window.strideY - window.padTop, window.height, window.dilationY, input.shape[1], window.padBottom)
      for x in 0..<output.shape[2] {
        let start = (row * output.shape[2] + x) * channels
        let columnsInside = inside(
          x * window.strideX - window.padLeft, window.width, window.dilationX, input.shape[2], window.padRight)
        let count =
          countsPadding
          ? rowsInside.counted * columnsInside.counted : rowsInside.taps.count * columnsInside.taps.count
        if function == .maximum {
          maximum(
            source,
            (image * input.shape[1] + y * window.strideY - window.padTop) * input.shape[2] + x * window.strideX - window.padLeft,
            rowWidth: input.shape[2], rowsInside.taps, columnsInside.taps, target.slice(start, channels))
          continue
        }
        let divisor = Float(count)
        for channel in 0..<channels {
          var sum: Int32 = 0
          for ky in rowsInside.taps {
            let iy = y * window.strideY - window.padTop + ky * window.dilationY
            for kx in columnsInside.taps {
              let ix = x * window.strideX - window.padLeft + kx * window.dilationX
              let value = source[((image * input.shape[1] + iy) * input.shape[2] + ix) * channels + channel]
              sum = sum &+ (Int32(value) &- zeroPoint)
            }
          }
          target[start + channel] = quantized(nearestFloat(sum) / divisor, zeroPoint: zeroPoint, minimum: -128, maximum: 127)
        }
      }
    }
  }

  /// The largest values of the taps of a window whose first tap is at pixel `first` of `source`, which may lie outside.
  private func maximum(
    _ source: Elements<Int8>, _ first: Int, rowWidth: Int, _ rows: Range<Int>, _ columns: Range<Int>, _ target: Elements<Int8>
  ) {
    let count = target.count
    var done = 0
    #if !arch(arm)
      // Sixteen channels stay in a vector over all taps.
      while done &+ 16 <= count {
        var largest = SIMD16<Int8>(repeating: .min)
        for ky in rows {
          for kx in columns {
            let tap = (first + ky * window.dilationY * rowWidth + kx * window.dilationX) * count + done
            let values = source.vector(SIMD16<Int8>.self, at: tap)
            largest.replace(with: values, where: values .> largest)
          }
        }
        target.store(largest, at: done)
        done &+= 16
      }
    #endif
    for channel in done..<count { target[channel] = .min }
    if done == count { return }
    for ky in rows {
      for kx in columns {
        let tap = source.slice((first + ky * window.dilationY * rowWidth + kx * window.dilationX) * count, count)
        for channel in done..<count { target[channel] = max(target[channel], tap[channel]) }
      }
    }
  }

  /// The taps of one axis that lie in the image (they are neighbours), and how many lie in the image or in its declared padding.
  private func inside(_ first: Int, _ taps: Int, _ dilation: Int, _ extent: Int, _ padAfter: Int) -> (
    taps: Range<Int>, counted: Int
  ) {
    var (lower, upper, counted) = (taps, 0, 0)
    for tap in 0..<taps {
      let position = first + tap * dilation
      if position < extent + padAfter { counted += 1 }
      guard position >= 0, position < extent else { continue }
      lower = min(lower, tap)
      upper = tap + 1
    }
    return (min(lower, upper)..<upper, counted)
  }
}
