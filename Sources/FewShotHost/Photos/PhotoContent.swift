import TinyNN

/// What the network gets of a photo, as far as it tells whether the photo shows anything and whether it is another one.
struct PhotoContent {
  /// Grey levels. Sensor noise of a covered lens, reduced to the network's input, stays below it; photos of steel surfaces
  /// through the dark camera of `CameraShift` are above it.
  static let leastContrast: Float = 2
  /// Grey levels: another compression of the same picture stays below it, another picture does not.
  static let leastDifference: Float = 1
  private static let side = 16

  /// The largest standard deviation of a channel, in grey levels of 0 to 255.
  let contrast: Float
  /// The mean of all values, in grey levels.
  let mean: Float
  /// Means of blocks: [side][side][3].
  let blocks: [UInt8]

  /// - Parameter input: what the network takes, [height][width][3].
  init(_ input: [Float], _ preprocessing: Preprocessing) {
    let (height, width) = (preprocessing.inputHeight, preprocessing.inputWidth), side = PhotoContent.side
    var (sum, squares) = (SIMD3<Float>(), SIMD3<Float>())
    var blocks = [SIMD3<Float>](repeating: SIMD3(), count: side * side)
    var counts = [Float](repeating: 0, count: side * side)
    for y in 0..<height {
      for x in 0..<width {
        let at = (y * width + x) * 3
        // Around the middle, so that squares keep their precision.
        let value =
          SIMD3(input[at], input[at + 1], input[at + 2]) * preprocessing.standardDeviation + preprocessing.mean
          - SIMD3(repeating: 128)
        sum += value
        squares += value * value
        let block = y * side / height * side + x * side / width
        blocks[block] += value
        counts[block] += 1
      }
    }
    let count = Float(height * width), means = sum / count
    let variances = squares / count - means * means
    contrast = max(0, variances.max()).squareRoot()
    mean = means.sum() / 3 + 128
    self.blocks = zip(blocks, counts).flatMap { block, count in
      let value = block / max(1, count) + SIMD3(repeating: 128)
      return (0..<3).map { UInt8(max(0, min(255, value[$0].rounded()))) }
    }
  }

  /// False for one colour, or nearly no contrast.
  var isThere: Bool { contrast >= PhotoContent.leastContrast }

  /// True for copies, whatever their files are.
  func isSame(as other: PhotoContent) -> Bool {
    other.blocks.withUnsafeBytes { isSame(mean: other.mean, blocks: $0) }
  }

  /// The same for what `blocks` of another one were.
  func isSame(mean other: Float, blocks others: UnsafeRawBufferPointer) -> Bool {
    guard abs(mean - other) <= 2 * PhotoContent.leastDifference else { return false }
    let limit = Int(Float(blocks.count) * PhotoContent.leastDifference * PhotoContent.leastDifference)
    var sum = 0
    for (a, b) in zip(blocks, others) {
      let difference = Int(a) - Int(b)
      sum += difference * difference
      if sum >= limit { return false }
    }
    return true
  }

  /// Bytes that it takes to tell later photos from this one.
  static let byteCount = 3 * side * side
}

/// What is the same among photos that were met.
struct KnownContents {
  /// By mean, so that only those of nearly the same brightness are compared.
  private var known: [Int: [(content: PhotoContent, photo: String)]] = [:]

  /// The photo that was met before and looks the same; nil for a new one, which is remembered.
  mutating func original(of photo: String, _ content: PhotoContent) -> String? {
    let place = Int(content.mean)
    for near in place - 2...place + 2 {
      if let same = known[near]?.first(where: { $0.content.isSame(as: content) }) { return same.photo }
    }
    known[place, default: []].append((content, photo))
    return nil
  }
}

/// What was left of photos that were offered to learn something about a camera or about photos as such.
public struct TellingPhotos: Equatable, Sendable {
  /// Files that were offered.
  public let offered: Int
  /// Photos that were taken.
  public internal(set) var taken = 0
  /// Photos without content: one colour, or nearly no contrast.
  public internal(set) var empty: [String] = []
  /// Photos that look to the network as another one does.
  public internal(set) var copies: [PhotoCopy] = []

  init(offered: Int) { self.offered = offered }

  /// Photos that could be read.
  public var readable: Int { taken + empty.count + copies.count }
}

/// A photo that counts already.
public struct PhotoCopy: Equatable, Sendable {
  public let photo: String
  public let original: String
}
