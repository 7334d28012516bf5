import CImageFiles

extension ImageSource {
  func decodePNG(_ options: ImageDecodingOptions) throws(ImageFileError) -> RGBImage {
    var failure = image_failure()
    guard let reader = image_png_open(handle, &failure) else { throw error(failure, .png) }
    defer { image_png_close(reader) }
    var width: UInt32 = 0
    var height: UInt32 = 0
    image_png_size(reader, &width, &height)
    try checkSize(width, height, options)

    let rowStride = Int(width) * 3
    var status = image_ok
    let pixels = [UInt8](unsafeUninitializedCapacity: rowStride * Int(height)) { buffer, initializedCount in
      guard let base = buffer.baseAddress else { return }
      status = image_png_decode(reader, base, rowStride, &failure)
      initializedCount = status == image_ok ? rowStride * Int(height) : 0
    }
    guard status == image_ok else { throw error(failure, .png) }
    return RGBImage(
      width: Int(width), height: Int(height), pixels: pixels, warningCount: image_png_warning_count(reader))
  }
}
