public import TinyNN

/// One augmented view of a photo, made from the network's input: a crop scaled up, a mirror image, contrast, brightness, and
/// quarter turns.
public struct View: Equatable, Sendable {
  /// Side of the crop as a part of the image, and where it lies in the rest, 0 ... 1.
  public var side: Float = 1
  public var top: Float = 0, left: Float = 0
  public var mirrored = false
  public var contrast: Float = 1
  /// In parts of the pixels' range.
  public var brightness: Float = 0
  /// Anticlockwise quarter turns, 0 ... 3, exact permutations of pixels after everything else.
  public var turns = 0

  /// The order of the image's quarters, 0 ..< 24, 0 as they are; of an image with odd sides the last row and column stay.
  public var permutation = 0

  static let permutationCount = 24

  /// The photo as it is.
  public init() {}

  /// Writes the view of `image`, [height, width, 3] in the network's normalized values, to `output`, of the same size. Turns
  /// need a square image.
  public func render(_ image: Elements<Float>, _ preprocessing: Preprocessing, to output: Elements<Float>) {
    let (height, width) = (preprocessing.inputHeight, preprocessing.inputWidth)
    let mean = preprocessing.mean, deviation = preprocessing.standardDeviation
    let low = (SIMD3<Float>(repeating: 0) - mean) / deviation, high = (SIMD3<Float>(repeating: 255) - mean) / deviation
    let shift = SIMD3<Float>(repeating: 255 * brightness) / deviation
    let (top, left) = (self.top * (1 - side) * Float(height), self.left * (1 - side) * Float(width))
    for y in 0..<height {
      let (y0, y1, fy) = sample(y, from: top, height)
      for x in 0..<width {
        let (x0, x1, fx) = sample(mirrored ? width - 1 - x : x, from: left, width)
        let target = permutation == 0 ? place(y, x, height, width) : permuted(y, x, height, width)
        for c in 0..<3 {
          let upper = mix(image[(y0 * width + x0) * 3 + c], image[(y0 * width + x1) * 3 + c], fx)
          let lower = mix(image[(y1 * width + x0) * 3 + c], image[(y1 * width + x1) * 3 + c], fx)
          let value = mix(upper, lower, fy) * contrast + shift[c]
          output[target * 3 + c] = value < low[c] ? low[c] : value > high[c] ? high[c] : value
        }
      }
    }
  }

  private func mix(_ a: Float, _ b: Float, _ part: Float) -> Float { a + (b - a) * part }

  /// The two pixels around the place of output pixel `index`, and how far it is to the second.
  private func sample(_ index: Int, from start: Float, _ count: Int) -> (Int, Int, Float) {
    let at = (Float(index) + 0.5) * side - 0.5 + start
    let limited = at < 0 ? 0 : at > Float(count - 1) ? Float(count - 1) : at
    let first = Int(limited)
    return (first, first + 1 < count ? first + 1 : first, limited - Float(first))
  }

  /// Where a pixel goes: quarter q, numbered by rows, takes the place that the permutation gives it.
  private func permuted(_ y: Int, _ x: Int, _ height: Int, _ width: Int) -> Int {
    let halfHeight = height / 2, halfWidth = width / 2
    guard y < 2 * halfHeight, x < 2 * halfWidth else { return place(y, x, height, width) }
    let target = quarter(y / halfHeight * 2 + x / halfWidth)
    return place(y % halfHeight + target / 2 * halfHeight, x % halfWidth + target % 2 * halfWidth, height, width)
  }

  /// The place of quarter `index` in the permutation, which is numbered in the factorial system: the first quarter takes one of
  /// four places, the next one of the three that are left, and so on.
  private func quarter(_ index: Int) -> Int {
    var rest = permutation, taken = 0, place = 0
    for step in 0...index {
      var choice = rest % (4 - step)
      rest /= 4 - step
      place = 0
      while (taken &>> place) & 1 == 1 { place += 1 }
      while choice > 0 {
        place += 1
        if (taken &>> place) & 1 == 0 { choice -= 1 }
      }
      taken |= 1 &<< place
    }
    return place
  }

  private func place(_ y: Int, _ x: Int, _ height: Int, _ width: Int) -> Int {
    switch turns {
    case 1: (width - 1 - x) * height + y
    case 2: (height - 1 - y) * width + width - 1 - x
    case 3: x * height + height - 1 - y
    default: y * width + x
    }
  }
}
