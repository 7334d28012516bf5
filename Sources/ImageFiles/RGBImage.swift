/// A photo in memory: RGB, 8 bit, rows from top to bottom without padding, oriented as it is to be seen.
public struct RGBImage: Equatable, Sendable {
  public let width: Int
  public let height: Int
  /// height x width x 3 values, [height, width, 3].
  public let pixels: [UInt8]
  /// Width of the photo in the file, as it is to be seen.
  public let fullWidth: Int
  /// Height of the photo in the file, as it is to be seen.
  public let fullHeight: Int
  /// 1, 2, 4 or 8: `width` is `fullWidth / reduction` rounded up, and `height` likewise. The last column and the last
  /// row cover only the rest of the photo.
  public let reduction: Int
  /// Oddities of the file that did not harm the pixels.
  public let warningCount: Int

  /// Bytes from one row to the next.
  public var rowStride: Int { width * 3 }

  /// - Precondition: `pixels` has width x height x 3 elements.
  public init(width: Int, height: Int, pixels: [UInt8], warningCount: Int = 0) {
    self.init(
      fullWidth: width, fullHeight: height, reduction: 1, pixels: pixels, warningCount: warningCount)
  }

  init(fullWidth: Int, fullHeight: Int, reduction: Int, pixels: [UInt8], warningCount: Int) {
    width = (fullWidth - 1) / reduction + 1
    height = (fullHeight - 1) / reduction + 1
    precondition(pixels.count == width * height * 3, "an RGB image needs width x height x 3 bytes")
    self.fullWidth = fullWidth
    self.fullHeight = fullHeight
    self.reduction = reduction
    self.pixels = pixels
    self.warningCount = warningCount
  }
}

/// What to make of an image file.
public struct ImageDecodingOptions: Equatable, Sendable {
  /// When given, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size, as long as its short side keeps this many pixels.
  public var minimumShortSide: Int?
  /// Larger images (width x height in the file) are refused before memory is taken for them.
  public var maximumPixelCount: Int

  public init(minimumShortSide: Int? = nil, maximumPixelCount: Int = 200_000_000) {
    self.minimumShortSide = minimumShortSide
    self.maximumPixelCount = maximumPixelCount
  }
}

extension RGBImage {
  /// Reads a JPEG, PNG, PPM or PGM file. The content decides the format, not the name. The file is read in pieces and
  /// never held as a whole.
  public init(
    contentsOf path: String, options: ImageDecodingOptions = ImageDecodingOptions()
  ) throws(ImageFileError) {
    let source = try ImageSource(path: path)
    self = try source.decode(options)
  }

  /// Reads an image from an open file descriptor, such as standard input, which stays open.
  /// - Parameter name: Stands for the path in errors.
  public init(
    readingFrom descriptor: CInt, name: String, options: ImageDecodingOptions = ImageDecodingOptions()
  ) throws(ImageFileError) {
    let source = try ImageSource(borrowing: descriptor, name: name)
    self = try source.decode(options)
  }

  /// Reads an image from memory.
  /// - Parameter name: Stands for the path in errors.
  public init(
    decoding bytes: [UInt8], name: String = "image", options: ImageDecodingOptions = ImageDecodingOptions()
  ) throws(ImageFileError) {
    let result = bytes.withUnsafeBufferPointer { buffer in
      Result { () throws(ImageFileError) in
        // The source does not outlive this closure.
        let source = try ImageSource(borrowing: buffer, name: name)
        return try source.decode(options)
      }
    }
    self = try result.get()
  }
}
