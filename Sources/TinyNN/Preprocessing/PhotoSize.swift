/// The size of a photo and of the pixels that its decoder made of it.
///
/// A JPEG decoder can halve a photo up to three times almost for free. The last decoded row or column then covers only a
/// part of a pixel, and resizing has to know how much, or the photo is distorted by up to a pixel.
public struct PhotoSize: Equatable, Sendable {
  /// The largest accepted height and width of a photo.
  public static let maximum = 1 << 24
  /// The largest accepted reduction.
  public static let maximumReduction = 64

  /// Height of the photo before the decoder reduced it.
  public let fullHeight: Int
  /// Width of the photo before the decoder reduced it.
  public let fullWidth: Int
  /// What the decoder divided height and width by; 1 when it decoded all pixels.
  public let reduction: Int

  /// Rows of the decoded pixels: `fullHeight / reduction`, rounded up.
  public var height: Int { (fullHeight - 1) / reduction + 1 }
  /// Columns of the decoded pixels: `fullWidth / reduction`, rounded up.
  public var width: Int { (fullWidth - 1) / reduction + 1 }

  /// - Throws: `PreprocessingError.unsupportedPhotoSize` when a side is outside 1...`maximum` or the reduction outside
  ///   1...`maximumReduction`.
  public init(height: Int, width: Int, reduction: Int = 1) throws(PreprocessingError) {
    guard height >= 1, height <= Self.maximum, width >= 1, width <= Self.maximum,
      reduction >= 1, reduction <= Self.maximumReduction
    else { throw .unsupportedPhotoSize(height: height, width: width) }
    fullHeight = height
    fullWidth = width
    self.reduction = reduction
  }
}
