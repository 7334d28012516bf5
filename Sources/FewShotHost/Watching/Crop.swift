public import ImageFiles

/// A part of a frame, in pixels or in percent of its sides.
public struct Crop: Equatable, Sendable {
  public let x: Double
  public let y: Double
  public let width: Double
  public let height: Double
  public let isPercent: Bool

  /// "X,Y,W,H": four numbers of pixels, or four with a percent sign each: "25%,0%,50%,100%". Nil for other text, and for what is
  /// empty, negative or beyond 100 %.
  public init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let percents = parts.count { $0.hasSuffix("%") }
    guard parts.count == 4, percents == 0 || percents == 4 else { return nil }
    let numbers = parts.compactMap { Double($0.hasSuffix("%") ? $0.dropLast() : $0) }
    guard numbers.count == 4, numbers.allSatisfy({ $0.isFinite && $0 >= 0 && $0 <= 16_777_216 }), numbers[2] > 0, numbers[3] > 0
    else {
      return nil
    }
    isPercent = percents == 4
    guard !isPercent || (numbers[0] + numbers[2] <= 100.0001 && numbers[1] + numbers[3] <= 100.0001) else { return nil }
    (x, y) = (numbers[0], numbers[1])
    (width, height) = (numbers[2], numbers[3])
  }

  /// How many times larger the short side of a frame is than that of the crop, at least; 1 where it is not known.
  func enlargement(frame: (width: Int, height: Int)?) -> Double {
    if isPercent { return 100 / min(width, height) }
    guard let frame else { return .infinity }
    return max(1, Double(min(frame.width, frame.height)) / min(width, height))
  }

  /// The part of the frame, or nil where it is not inside it.
  public func apply(_ image: RGBImage) -> RGBImage? {
    let (full, fullHeight) = (Double(image.fullWidth), Double(image.fullHeight))
    let scale = 1 / Double(image.reduction)
    let left = Int((isPercent ? x / 100 * Double(image.width) : x * scale).rounded())
    let top = Int((isPercent ? y / 100 * Double(image.height) : y * scale).rounded())
    guard isPercent || (x + width <= full && y + height <= fullHeight) else { return nil }
    let columns = min(image.width - left, max(1, Int((isPercent ? width / 100 * Double(image.width) : width * scale).rounded())))
    let rows = min(image.height - top, max(1, Int((isPercent ? height / 100 * Double(image.height) : height * scale).rounded())))
    guard columns > 0, rows > 0 else { return nil }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * columns * rows)
    for row in top..<top + rows {
      let start = row * image.rowStride + 3 * left
      pixels += image.pixels[start..<start + 3 * columns]
    }
    return RGBImage(width: columns, height: rows, pixels: pixels)
  }
}
