import ImageFiles

/// A small picture of a photo's centre square, as an uncompressed bitmap in a data URI.
enum Thumbnail {
  /// Nil where the photo cannot be read.
  static func dataURI(of photo: String, side: Int) -> String? {
    guard let image = try? RGBImage(contentsOf: photo, options: ImageDecodingOptions(minimumShortSide: side)) else { return nil }
    return "data:image/bmp;base64," + base64(bitmap(image, side))
  }

  private static func bitmap(_ image: RGBImage, _ side: Int) -> [UInt8] {
    let square = min(image.width, image.height)
    let (left, top) = ((image.width - square) / 2, (image.height - square) / 2)
    let rowBytes = (3 * side + 3) / 4 * 4
    var bytes: [UInt8] = [0x42, 0x4D]
    func append(_ value: Int, _ count: Int) {
      for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
    }
    for value in [54 + rowBytes * side, 0, 54, 40, side, side] { append(value, 4) }
    append(1, 2)
    append(24, 2)
    for value in [0, rowBytes * side, 2835, 2835, 0, 0] { append(value, 4) }
    // Rows from bottom to top, blue first.
    for y in (0..<side).reversed() {
      let rows = y * square / side..<max(y * square / side + 1, (y + 1) * square / side)
      for x in 0..<side {
        let columns = x * square / side..<max(x * square / side + 1, (x + 1) * square / side)
        var sums = SIMD3<Int>()
        for row in rows {
          for column in columns {
            let place = (top + row) * image.rowStride + 3 * (left + column)
            sums &+= SIMD3(Int(image.pixels[place]), Int(image.pixels[place + 1]), Int(image.pixels[place + 2]))
          }
        }
        let count = rows.count * columns.count
        for channel in [2, 1, 0] { bytes.append(UInt8(sums[channel] / count)) }
      }
      for _ in 3 * side..<rowBytes { bytes.append(0) }
    }
    return bytes
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      var value = 0
      for index in 0..<3 { value = value << 8 | (start + index < bytes.count ? Int(bytes[start + index]) : 0) }
      for index in 0..<4 { text.append(index <= part.count ? digits[value >> (18 - 6 * index) & 63] : UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
