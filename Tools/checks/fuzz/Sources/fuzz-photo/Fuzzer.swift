// Decodes the input as a photo: JPEG, PNG or Netpbm, whole and reduced.

import ImageFiles

/// Larger ones are refused, so that no time goes into them.
private let pixelLimit = 1 << 18

/// What libFuzzer calls with each mutated input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let file = Array(UnsafeBufferPointer(start: bytes, count: count))
  for side in [nil, 1, 24] {
    do throws(ImageFileError) {
      let image = try RGBImage(
        decoding: file, options: ImageDecodingOptions(minimumShortSide: side, maximumPixelCount: pixelLimit))
      precondition(image.pixels.count == 3 * image.width * image.height && image.width > 0 && image.height > 0)
      precondition(image.width <= image.fullWidth && image.height <= image.fullHeight)
      // One of the file's own claims is never exceeded by what is decoded.
      precondition(image.fullWidth * image.fullHeight <= pixelLimit)
    } catch { precondition(!error.description.isEmpty && !error.description.contains("\n")) }
  }
  return 0
}
