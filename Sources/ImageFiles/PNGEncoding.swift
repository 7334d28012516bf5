import CImageFiles

extension RGBImage {
  /// The bytes of a PNG file with these pixels; empty where there is no memory for it.
  public func png() -> [UInt8] {
    let limit = image_png_size_limit(UInt32(width), UInt32(height))
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = pixels.withUnsafeBufferPointer {
        image_png_encode($0.baseAddress, UInt32(width), UInt32(height), buffer.baseAddress, limit)
      }
    }
  }
}
