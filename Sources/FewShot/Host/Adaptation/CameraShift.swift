public import TinyNN

/// What another camera does to a photo: blur, exposure, a colour cast and noise, for measurements.
///
/// At strength 1, in values of -1 ... 1: a 5x5 box blur, x 0.55 - 0.35, channels x 1, 0.9, 0.75, Gaussian noise of 0.10, cut off
/// at -1 and 1. Smaller strengths are that much of each.
public struct CameraShift: Equatable, Sendable {
  public var strength: Float

  public init(strength: Float = 1) { self.strength = strength }

  /// The photo as the other camera would see it. `image`: [height, width, 3] in the network's normalized values.
  public func apply(_ image: [Float], _ preprocessing: Preprocessing, random: inout CounterRandom) -> [Float] {
    let (height, width) = (preprocessing.inputHeight, preprocessing.inputWidth)
    let scale = preprocessing.standardDeviation / 127.5
    let offset = preprocessing.mean / 127.5 - SIMD3(repeating: 1)
    let gain = (1 - 0.45 * strength) * (SIMD3(repeating: 1) - strength * SIMD3(0, 0.1, 0.25))
    let addend = -0.35 * strength * (SIMD3(repeating: 1) - strength * SIMD3(0, 0.1, 0.25))
    func place(_ index: Int, _ count: Int) -> Int { index < 0 ? -index : index >= count ? 2 * count - 2 - index : index }
    var result = image
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 {
          var sum: Float = 0
          for dy in -2...2 { for dx in -2...2 { sum += image[(place(y + dy, height) * width + place(x + dx, width)) * 3 + c] } }
          let own = image[(y * width + x) * 3 + c]
          let blurred = (own + strength * (sum / 25 - own)) * scale[c] + offset[c]
          let value = blurred * gain[c] + addend[c] + 0.10 * strength * CameraShift.normal(&random)
          result[(y * width + x) * 3 + c] = (max(-1, min(1, value)) - offset[c]) / scale[c]
        }
      }
    }
    return result
  }

  /// Nearly normal: the sum of twelve uniform numbers.
  private static func normal(_ random: inout CounterRandom) -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += random.nextUnit() }
    return sum
  }
}
