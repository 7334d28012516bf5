import CImageFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RGBImage {
  /// The bytes of a JPEG file with these pixels; empty where there is no memory for it, or a side is above 65,500.
  /// - Parameter quality: 1 to 100.
  public func jpeg(quality: Int) -> [UInt8] {
    var count = 0
    let file = pixels.withUnsafeBufferPointer {
      image_jpeg_encode($0.baseAddress, UInt32(width), UInt32(height), Int32(quality), &count)
    }
    guard let file else { return [] }
    defer { free(file) }
    return Array(UnsafeBufferPointer(start: file, count: count))
  }

  /// The centre square of the photo, of `side` x `side` pixels that are means of those below them.
  public func centreSquare(side: Int) -> RGBImage {
    let square = min(width, height)
    let (left, top) = ((width - square) / 2, (height - square) / 2)
    var result: [UInt8] = []
    result.reserveCapacity(3 * side * side)
    for y in 0..<side {
      let rows = y * square / side..<max(y * square / side + 1, (y + 1) * square / side)
      for x in 0..<side {
        let columns = x * square / side..<max(x * square / side + 1, (x + 1) * square / side)
        var sums = SIMD3<Int>()
        for row in rows {
          for column in columns {
            let place = (top + row) * rowStride + 3 * (left + column)
            sums &+= SIMD3(Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
          }
        }
        let count = rows.count * columns.count
        for channel in 0..<3 { result.append(UInt8(sums[channel] / count)) }
      }
    }
    return RGBImage(width: side, height: side, pixels: result)
  }
}
