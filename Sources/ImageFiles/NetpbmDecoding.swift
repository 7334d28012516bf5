import CImageFiles

extension ImageSource {
  /// Binary PPM (P6) and PGM (P5) with samples of one byte.
  func decodeNetpbm(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
    _ = try readByte()
    let isGray = try readByte() == UInt8(ascii: "5")
    let width = try readHeaderNumber("width")
    let height = try readHeaderNumber("height")
    let largest = try readHeaderNumber("largest value")
    guard width > 0, height > 0, largest > 0 else { throw damaged("a size or the largest value is 0") }
    guard largest <= 255 else {
      throw error(.unsupported(detail: "PPM/PGM with values up to \(largest) is not read"))
    }
    try checkSize(width, height, options)

    let pixelCount = Int(width) * Int(height)
    let pixels = try pixels(Int(width), Int(height)) { (base) throws(ImageFileError) in
      let sampleCount = isGray ? pixelCount : 3 * pixelCount
      // Gray samples are read into the last third, from where they are spread out in order.
      let samples = base + (3 * pixelCount - sampleCount)
      guard image_source_read(handle, samples, sampleCount) == sampleCount else { throw endOfFile() }
      if largest < 255 {
        for index in 0..<sampleCount {
          samples[index] = UInt8((min(UInt32(samples[index]), largest) * 255 + largest / 2) / largest)
        }
      }
      guard isGray else { return }
      for index in 0..<pixelCount {
        let sample = samples[index]
        for channel in 0..<3 { base[3 * index + channel] = sample }
      }
    }
    return RGBImage(width: Int(width), height: Int(height), pixels: pixels)
  }

  /// A decimal number after white space and comments, and the one character of white space behind it.
  private func readHeaderNumber(_ role: String) throws(ImageFileError) -> UInt32 {
    var byte = try readByte()
    guard Self.isWhitespace(byte) || byte == UInt8(ascii: "#") || Self.isDigit(byte) else {
      throw damaged("no \(role) in the header")
    }
    while Self.isWhitespace(byte) || byte == UInt8(ascii: "#") {
      if byte == UInt8(ascii: "#") {
        while byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { byte = try readByte() }
      }
      byte = try readByte()
    }
    var value: UInt32 = 0
    guard Self.isDigit(byte) else { throw damaged("no \(role) in the header") }
    while Self.isDigit(byte) {
      let (tens, overflow1) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = tens.addingReportingOverflow(UInt32(byte - UInt8(ascii: "0")))
      guard !overflow1, !overflow2 else { throw damaged("the \(role) is too large") }
      value = sum
      byte = try readByte()
    }
    guard Self.isWhitespace(byte) else { throw damaged("no white space after the \(role)") }
    return value
  }

  private func readByte() throws(ImageFileError) -> UInt8 {
    var byte: UInt8 = 0
    guard image_source_read(handle, &byte, 1) == 1 else { throw endOfFile() }
    return byte
  }

  private func endOfFile() -> ImageFileError {
    let code = image_source_error(handle)
    return error(code == 0 ? .truncated(.netpbm) : .cannotRead(code: code), at: image_source_offset(handle))
  }

  private func damaged(_ detail: String) -> ImageFileError {
    error(.corrupted(.netpbm, detail: detail), at: image_source_offset(handle))
  }

  private static func isWhitespace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
