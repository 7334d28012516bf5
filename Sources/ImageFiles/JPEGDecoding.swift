import CImageFiles

extension ImageSource {
  func decodeJPEG(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
    var failure = image_failure()
    guard let reader = image_jpeg_open(handle, &failure) else { throw error(failure, .jpeg) }
    defer { image_jpeg_close(reader) }
    var fullWidth: UInt32 = 0
    var fullHeight: UInt32 = 0
    image_jpeg_stored_size(reader, &fullWidth, &fullHeight)
    try checkSize(fullWidth, fullHeight, options)

    let orientation = exifOrientation(reader)
    let reduction = orientation.reduction(
      storedWidth: Int(fullWidth), storedHeight: Int(fullHeight), minimumShortSide: options.minimumShortSide)
    var width: UInt32 = 0
    var height: UInt32 = 0
    guard image_jpeg_set_scale(reader, UInt32(8 / reduction), &width, &height, &failure) == image_ok else {
      throw error(failure, .jpeg)
    }
    let placement = orientation.placement(storedWidth: Int(width), storedHeight: Int(height))
    // The orientation maps the stored width x height pixels one to one onto the buffer's.
    let pixels = try pixels(Int(width), Int(height)) { (base) throws(ImageFileError) in
      guard image_jpeg_decode(reader, placement.target(base), &failure) == image_ok else { throw error(failure, .jpeg) }
    }
    return RGBImage(
      fullWidth: Int(orientation.swapsSides ? fullHeight : fullWidth),
      fullHeight: Int(orientation.swapsSides ? fullWidth : fullHeight),
      reduction: reduction, pixels: pixels, warningCount: image_jpeg_warning_count(reader))
  }

  private func exifOrientation(_ reader: OpaquePointer) -> ExifOrientation {
    var count = 0
    guard let start = image_jpeg_exif(reader, &count) else { return .up }
    // The segment lives until the reader is closed.
    return ExifOrientation(exif: UnsafeRawBufferPointer(start: start, count: count)) ?? .up
  }
}
