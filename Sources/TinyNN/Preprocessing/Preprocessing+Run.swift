extension Preprocessing {
  /// What the start of the scratch memory must be a multiple of, in bytes.
  public static let scratchAlignment = 4

  /// Scratch bytes that preprocessing of a photo of this size takes.
  ///
  /// `inputWidth x 4 x (kx + 2) + ky x (3 x inputWidth + 4)`, where kx and ky are the pixels under the filter: about
  /// twice the reduction (decoded size / resized size) plus one, four times for bicubic.
  public func scratchByteCount(photo: PhotoSize) throws(PreprocessingError) -> Int {
    try PreprocessingScratchLayout(PreprocessingGeometry(self, photo: photo)).byteCount
  }

  /// Scratch bytes that are enough for every photo whose decoded short side has at most `decodedShortSide` pixels.
  public func scratchByteCount(decodedShortSide: Int) throws(PreprocessingError) -> Int {
    guard decodedShortSide >= 1, decodedShortSide <= PhotoSize.maximum else {
      throw .unsupportedPhotoSize(height: decodedShortSide, width: decodedShortSide)
    }
    // The long side is rounded down to whole pixels, from at least `shortest`, and so shrinks by up to one more.
    let shortest = min(resizedHeight, resizedWidth)
    let scale =
      Double(decodedShortSide) / Double(shortest) * (shortest > 1 ? Double(shortest) / Double(shortest - 1) : 2)
    let taps = ResampleAxis.tapCapacity(support: interpolation.support * max(scale, 1))
    return try PreprocessingScratchLayout(
      columnCount: inputWidth, columnTapCapacity: taps, rowTapCapacity: taps
    ).byteCount
  }

  /// Turns a photo into the input tensor.
  /// - Parameters:
  ///   - pixels: RGB, 8 bit, `photo.height` rows that start `rowStride` bytes apart.
  ///   - photo: Its size.
  ///   - rowStride: At least 3 x `photo.width`.
  ///   - output: [inputHeight, inputWidth, 3].
  ///   - scratch: At least `scratchByteCount(photo:)` bytes, aligned to `scratchAlignment`.
  /// - Throws: Before anything is written to `output`.
  @_lifetime(output: copy output)
  @_lifetime(scratch: copy scratch)
  public func run(
    pixels: Span<UInt8>, photo: PhotoSize, rowStride: Int,
    output: inout MutableSpan<Float>, scratch: inout MutableRawSpan
  ) throws(PreprocessingError) {
    let rowByteCount = try checkedRowByteCount(pixels, photo, rowStride, outputCount: output.count)
    var stream = try PreprocessingStream(self, photo: photo, scratch: &scratch)
    while !stream.isComplete {
      let start = stream.nextRow * rowStride
      try stream.push(
        row: pixels.extracting(start..<start + rowByteCount), scratch: &scratch, output: &output)
    }
  }

  /// As above, for an int8 input of the network: each value is quantized as it is written.
  @_lifetime(output: copy output)
  @_lifetime(scratch: copy scratch)
  public func run(
    pixels: Span<UInt8>, photo: PhotoSize, rowStride: Int,
    output: inout MutableSpan<Int8>, _ map: Quantization, scratch: inout MutableRawSpan
  ) throws(PreprocessingError) {
    let rowByteCount = try checkedRowByteCount(pixels, photo, rowStride, outputCount: output.count)
    var stream = try PreprocessingStream(self, photo: photo, scratch: &scratch)
    while !stream.isComplete {
      let start = stream.nextRow * rowStride
      try stream.push(
        row: pixels.extracting(start..<start + rowByteCount), scratch: &scratch, output: &output, map)
    }
  }

  private func checkedRowByteCount(
    _ pixels: Span<UInt8>, _ photo: PhotoSize, _ rowStride: Int, outputCount actual: Int
  ) throws(PreprocessingError) -> Int {
    guard actual == outputCount else {
      throw .wrongOutputCount(required: outputCount, actual: actual)
    }
    let rowByteCount = 3 * photo.width
    guard rowStride >= rowByteCount else {
      throw .strideTooSmall(required: rowByteCount, actual: rowStride)
    }
    let (lastRow, overflow) = rowStride.multipliedReportingOverflow(by: photo.height - 1)
    let (required, overflow2) = lastRow.addingReportingOverflow(rowByteCount)
    guard !overflow, !overflow2, pixels.count >= required else {
      throw .tooFewPixelBytes(required: overflow || overflow2 ? Int.max : required, actual: pixels.count)
    }
    return rowByteCount
  }
}
