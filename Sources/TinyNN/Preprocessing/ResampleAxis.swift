/// One direction of Pillow's 8-bit resampling, restricted to the part of the result that the crop keeps.
///
/// Each output pixel is a weighted sum of the input pixels under a filter centred on it; when reducing, the filter is
/// stretched by the reduction. The weights are computed in double precision with +, -, * and / only, in the order of
/// Pillow's `precompute_coeffs`, and then rounded to fixed point, so they are the same on every machine.
/// Source: Pillow, src/libImaging/Resample.c.
struct ResampleAxis: Equatable, Sendable {
  /// Fraction bits of a weight: 8 bits of the pixel and 2 of headroom for the filter's overshoot are left.
  static let fractionBits: Int32 = 32 - 8 - 2

  /// Decoded pixels along this axis.
  let inputSize: Int
  /// Pixels of the whole resized photo along this axis.
  let resizedSize: Int
  /// First resized pixel that the crop keeps.
  let cropOrigin: Int
  /// Number of resized pixels that the crop keeps.
  let cropSize: Int
  /// The most input pixels under the filter.
  let tapCapacity: Int

  private let interpolation: Preprocessing.Interpolation
  private let scale: Double
  private let filterScale: Double
  private let support: Double

  /// - Parameter coveredSize: The part of the input pixels that the photo covers, above `inputSize - 1`.
  init(
    inputSize: Int, coveredSize: Double, resizedSize: Int, cropSize: Int,
    interpolation: Preprocessing.Interpolation
  ) {
    let margin = resizedSize - cropSize
    self.inputSize = inputSize
    self.resizedSize = resizedSize
    // Python's round(margin / 2.0): a half goes to the even neighbour.
    cropOrigin = margin % 2 == 0 ? margin / 2 : (margin / 2) + (margin / 2) % 2
    self.cropSize = cropSize
    self.interpolation = interpolation
    scale = coveredSize / Double(resizedSize)
    filterScale = scale < 1 ? 1 : scale
    support = interpolation.support * filterScale
    tapCapacity = min(Self.tapCapacity(support: support), inputSize)
  }

  /// The most input pixels within `support` on either side of a position.
  static func tapCapacity(support: Double) -> Int {
    let whole = Int(support)
    return 2 * (Double(whole) < support ? whole + 1 : whole) + 1
  }

  /// The input pixels under the filter of pixel `index` of the crop.
  func window(_ index: Int) -> Range<Int> {
    let centre = centre(index)
    let start = max(Int(centre - support + 0.5), 0)
    let end = min(Int(centre + support + 0.5), inputSize)
    return start..<end
  }

  /// All input pixels that the crop needs.
  var inputRange: Range<Int> {
    window(0).lowerBound..<window(cropSize - 1).upperBound
  }

  /// Writes the fixed-point weights of `window(index)` to `weights`, from element `offset` on.
  func writeWeights(_ index: Int, to weights: inout MutableSpan<Int32>, at offset: Int) {
    let centre = centre(index)
    let window = window(index)
    let inverseScale = 1 / filterScale
    var sum = 0.0
    for pixel in window {
      sum += interpolation.weight((Double(pixel) - centre + 0.5) * inverseScale)
    }
    for pixel in window {
      var weight = interpolation.weight((Double(pixel) - centre + 0.5) * inverseScale)
      if sum != 0 { weight /= sum }
      let fixed = weight * Double(1 << Int(Self.fractionBits))
      weights[offset + pixel - window.lowerBound] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
    }
  }

  private func centre(_ index: Int) -> Double {
    (Double(index + cropOrigin) + 0.5) * scale
  }
}

extension Preprocessing.Interpolation {
  /// Half the width of the filter when it is not stretched.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The filter at `position`, not normalised.
  func weight(_ position: Double) -> Double {
    let x = position < 0 ? -position : position
    switch self {
    case .bilinear:
      return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}
