/// Mean and variance of each channel of a tensor over the pixels of many photos, in memory that the caller gave.
@safe public struct ChannelMoments {
  public let channelCount: Int
  /// Sums, then sums of squares.
  private let sums: Elements<Double>
  private var pixelCount = 0
  /// What rounding to int8 adds to the variance: a twelfth of the squared step (Sheppard 1898).
  private var roundingVariance = 0.0
  public private(set) var photoCount = 0

  /// Double-precision values that the memory holds.
  public static func valueCount(channels: Int) -> Int { 2 * channels }

  public init(_ memory: Elements<Double>, channels: Int) {
    precondition(memory.count >= ChannelMoments.valueCount(channels: channels))
    sums = memory
    channelCount = channels
    for i in 0..<2 * channels { sums[i] = 0 }
  }

  /// Adds the pixels of one photo: [pixels][channels], float32 or int8.
  public mutating func add(_ tensor: Tensor) {
    let pixels = tensor.shape.count / channelCount
    if tensor.elementType == .int8 { roundingVariance = Double(tensor.map.scale) * Double(tensor.map.scale) / 12 }
    let (floats, int8s, map) = (tensor.floats, tensor.int8s, tensor.map)
    for pixel in 0..<pixels {
      let start = pixel * channelCount
      if tensor.elementType == .float32 {
        for channel in 0..<channelCount { add(Double(floats[start + channel]), channel) }
      } else {
        for channel in 0..<channelCount { add(Double(map.dequantize(int8s[start + channel])), channel) }
      }
    }
    pixelCount += pixels
    photoCount += 1
  }

  @inline(__always) private func add(_ value: Double, _ channel: Int) {
    sums[channel] += value
    sums[channelCount + channel] += value * value
  }

  public func mean(_ channel: Int) -> Double { sums[channel] / Double(pixelCount) }

  public func variance(_ channel: Int) -> Double {
    let mean = mean(channel)
    let variance = sums[channelCount + channel] / Double(pixelCount) - mean * mean - roundingVariance
    return variance > 0 ? variance : 0
  }
}
