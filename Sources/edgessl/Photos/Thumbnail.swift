import ImageFiles

/// A small picture of a photo's centre square, as an uncompressed bitmap in a data URI.
enum Thumbnail {
  /// Nil where the photo cannot be read.
  static func dataURI(of photo: String, side: Int) -> String? {
    guard let image = try? RGBImage(contentsOf: photo, options: ImageDecodingOptions(minimumShortSide: side)) else { return nil }
    return "data:image/bmp;base64," + base64(bitmap(image, side))
  }

  private static func bitmap(_ image: RGBImage, _ side: Int) -> [UInt8] {
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
    let square = image.centreSquare(side: side)
    for y in (0..<side).reversed() {
      for x in 0..<side {
        for channel in [2, 1, 0] { bytes.append(square.pixels[3 * (y * side + x) + channel]) }
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
