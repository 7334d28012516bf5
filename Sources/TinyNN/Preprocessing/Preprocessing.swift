/// How a photo becomes the input tensor of an encoder.
///
/// The photo is resized, keeping its proportions, until it just covers `inputSize / cropFraction` (for a square input:
/// until its short side has that length), the centre `inputHeight` x `inputWidth` is cut out, and each channel becomes
/// `(value - mean) / standardDeviation` with values 0 to 255. Resizing is antialiased and follows Pillow's 8-bit
/// resampling step by step, so the pixels before normalisation equal Pillow's. Rounding of sizes follows torchvision's
/// `Resize(int)` and `CenterCrop`; `inputSize / cropFraction` is rounded down, as timm does.
public struct Preprocessing: Equatable, Sendable {
  /// The filter that resizes the photo. The raw values are those of the .tnn file.
  public enum Interpolation: UInt32, Sendable {
    /// Triangle filter, as wide as the reduction asks for (Pillow `BILINEAR`).
    case bilinear = 0
    /// Cubic convolution with a = -0.5, as wide as the reduction asks for (Pillow `BICUBIC`).
    case bicubic = 1
  }

  /// The largest accepted input height and width.
  public static let maximumInputSize = 16384

  /// The largest accepted length of the resized photo before the crop, in pixels.
  public static let maximumResizedSize = 1 << 20

  /// Rows of the input tensor.
  public let inputHeight: Int
  /// Columns of the input tensor.
  public let inputWidth: Int
  /// The part of the resized photo's short side that the crop keeps, above 0 and at most 1.
  public let cropFraction: Float
  public let interpolation: Interpolation
  /// Subtracted from red, green and blue, in units of 0 to 255.
  public let mean: SIMD3<Float>
  /// Divides red, green and blue after `mean` is subtracted; above 0.
  public let standardDeviation: SIMD3<Float>

  /// - Throws: `PreprocessingError.invalidField` naming the first value that is out of its range.
  public init(
    inputHeight: Int,
    inputWidth: Int,
    cropFraction: Float = 1,
    interpolation: Interpolation = .bilinear,
    mean: SIMD3<Float> = SIMD3(0, 0, 0),
    standardDeviation: SIMD3<Float> = SIMD3(1, 1, 1)
  ) throws(PreprocessingError) {
    guard inputHeight >= 1, inputHeight <= Self.maximumInputSize else {
      throw .invalidField(.inputHeight)
    }
    guard inputWidth >= 1, inputWidth <= Self.maximumInputSize else {
      throw .invalidField(.inputWidth)
    }
    guard cropFraction > 0, cropFraction <= 1,
      Float(max(inputHeight, inputWidth)) / cropFraction < Float(Self.maximumResizedSize)
    else { throw .invalidField(.cropFraction) }
    guard mean.x.isFinite, mean.y.isFinite, mean.z.isFinite else { throw .invalidField(.mean) }
    guard Self.isUsableDivisor(standardDeviation.x), Self.isUsableDivisor(standardDeviation.y),
      Self.isUsableDivisor(standardDeviation.z)
    else { throw .invalidField(.standardDeviation) }
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.cropFraction = cropFraction
    self.interpolation = interpolation
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Number of floats of the input tensor, in the layout [inputHeight, inputWidth, 3].
  public var outputCount: Int { inputHeight * inputWidth * 3 }

  /// Rows that the resized photo has at least.
  public var resizedHeight: Int { resizedLength(inputHeight) }

  /// Columns that the resized photo has at least.
  public var resizedWidth: Int { resizedLength(inputWidth) }

  /// The short side that a photo should keep when its decoder reduces it.
  ///
  /// Twice the resized size: the filter then still covers enough pixels for the result to agree with resizing the full
  /// photo to within a grey level on average.
  public var decodedShortSide: Int { 2 * max(resizedHeight, resizedWidth) }

  private func resizedLength(_ length: Int) -> Int {
    // 0.8 as a Float is a little above 0.8, and 96 / 0.8 must not become 119: the slack is 8 times Float's rounding.
    let quotient = Double(length) / Double(cropFraction)
    return Int(quotient + quotient * 0x1p-21)
  }

  private static func isUsableDivisor(_ value: Float) -> Bool {
    value.isFinite && value >= Float.leastNormalMagnitude
  }
}
