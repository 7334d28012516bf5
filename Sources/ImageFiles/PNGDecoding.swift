import CImageFiles

extension ImageSource {
  func decodePNG(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
    var failure = image_failure()
    guard let reader = image_png_open(handle, &failure) else { throw error(failure, .png) }
    defer { image_png_close(reader) }
    var storedWidth: UInt32 = 0
    var storedHeight: UInt32 = 0
    image_png_size(reader, &storedWidth, &storedHeight)
    try checkSize(storedWidth, storedHeight, options)
    let (width, height) = (Int(storedWidth), Int(storedHeight))

    let stated = exifOrientation(reader)
    let placement = (stated ?? .up).placement(storedWidth: width, storedHeight: height)
    var pixels = try pixels(width, height) { (base) throws(ImageFileError) in
      guard image_png_decode(reader, placement.target(base), &failure) == image_ok else { throw error(failure, .png) }
    }
    var orientation = stated ?? .up
    // The chunk may also stand behind the pixels.
    if stated == nil, let late = exifOrientation(reader) {
      pixels = try turned(pixels, late, width, height)
      orientation = late
    }
    return RGBImage(
      width: orientation.swapsSides ? height : width, height: orientation.swapsSides ? width : height, pixels: pixels,
      warningCount: image_png_warning_count(reader))
  }

  private func turned(_ stored: [UInt8], _ orientation: ExifOrientation, _ width: Int, _ height: Int) throws(ImageFileError)
    -> [UInt8]
  {
    if orientation == .up { return stored }
    let placement = orientation.placement(storedWidth: width, storedHeight: height)
    return try pixels(width, height) { base in
      for y in 0..<height {
        for x in 0..<width {
          let target = base + placement.origin + x * placement.columnStep + y * placement.rowStep
          for channel in 0..<3 { target[channel] = stored[3 * (y * width + x) + channel] }
        }
      }
    }
  }

  /// What the chunk eXIf says, or else the text that programs wrote before there was one; nil where nothing was read so far.
  private func exifOrientation(_ reader: OpaquePointer) -> ExifOrientation? {
    var count = 0
    if let start = image_png_exif(reader, &count) {
      // The chunk lives until the reader is closed.
      return ExifOrientation(exif: UnsafeRawBufferPointer(start: start, count: count))
    }
    guard let text = image_png_exif_text(reader) else { return nil }
    return ExifProfileText.bytes(String(cString: text)).withUnsafeBytes { ExifOrientation(exif: $0) }
  }
}

/// The text "Raw profile type exif": an empty line, the name, the count of bytes, then the bytes in hexadecimal.
enum ExifProfileText {
  static func bytes(_ text: String) -> [UInt8] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var bytes: [UInt8] = []
    var high: Int?
    for digit in lines.dropFirst(3).joined() where !digit.isWhitespace {
      guard let value = digit.hexDigitValue else { return [] }
      if let first = high {
        bytes.append(UInt8(first << 4 | value))
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }
}
