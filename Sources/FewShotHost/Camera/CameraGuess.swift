import FewShot
import TinyNN

/// What photos look like on the whole: of each channel the mean, the variance inside photos, and how much neighbours differ.
struct CameraLook {
  private(set) var count = 0
  private var sums = SIMD3<Double>(), variances = SIMD3<Double>(), differences = SIMD3<Double>()

  /// Of each channel, over all photos.
  var mean: SIMD3<Double> { sums / Double(max(1, count)) }
  var variance: SIMD3<Double> { variances / Double(max(1, count)) }
  /// The mean square of the difference of neighbours in a row.
  var difference: SIMD3<Double> { differences / Double(max(1, count)) }

  /// Adds a photo: [height][width][3].
  mutating func add(_ input: [Float], width: Int) {
    var (sum, squares, steps) = (SIMD3<Double>(), SIMD3<Double>(), SIMD3<Double>())
    let pixels = input.count / 3
    for pixel in 0..<pixels {
      let value = CameraLook.value(input, pixel)
      sum += value
      squares += value * value
      if pixel % width + 1 < width {
        let step = CameraLook.value(input, pixel + 1) - value
        steps += step * step
      }
    }
    let mean = sum / Double(pixels)
    sums += mean
    variances += squares / Double(pixels) - mean * mean
    differences += steps / Double(max(1, pixels - pixels / width))
    count += 1
  }

  fileprivate static func value(_ input: [Float], _ pixel: Int) -> SIMD3<Double> {
    SIMD3(Double(input[3 * pixel]), Double(input[3 * pixel + 1]), Double(input[3 * pixel + 2]))
  }
}

/// Labelled photos as the device's camera may show them: brightness, colour, contrast, sharpness and noise are those of its photos.
/// It is a guess by which held-out photos can be asked, not what the encoder is aligned with.
struct CameraGuess {
  /// The photo's part of the contrast, and the deviation of the noise.
  private let gain: SIMD3<Double>, noise: SIMD3<Double>
  private let before: SIMD3<Double>, after: SIMD3<Double>
  /// The photo's part after smoothing, 0 ... 1.
  private let smoothing: Double

  /// - Parameters:
  ///   - labelled: as they are, and smoothed as `smoothed` does.
  init(labelled: CameraLook, smoothed: CameraLook, camera: CameraLook) {
    // Smoothing that brings the neighbours' differences, as a part of the variance, down to the camera's.
    func sharpness(_ look: CameraLook) -> Double { look.difference.sum() / max(1e-12, look.variance.sum()) }
    let (sharp, soft, wanted) = (sharpness(labelled), sharpness(smoothed), sharpness(camera))
    let share = sharp > soft ? max(0, min(1, (sharp - wanted) / (sharp - soft))) : 0
    let variance = labelled.variance + share * (smoothed.variance - labelled.variance)
    let difference = labelled.difference + share * (smoothed.difference - labelled.difference)
    smoothing = share
    before = labelled.mean
    after = camera.mean
    // gain^2 variance + noise^2 and gain^2 difference + 2 noise^2 are the camera's.
    var (gain, noise) = (SIMD3<Double>(), SIMD3<Double>())
    for channel in 0..<3 {
      let (v, d) = (variance[channel], difference[channel]), (w, e) = (camera.variance[channel], camera.difference[channel])
      // Photos that are nothing but noise themselves get none on top.
      let structure = 2 * v - d, isNoise = structure < 0.2 * v
      let own = isNoise ? w : max(0, min(w, v * (2 * w - e) / structure))
      gain[channel] = (own / max(1e-12, v)).squareRoot()
      noise[channel] = max(0, w - own).squareRoot()
    }
    self.gain = gain
    self.noise = noise
  }

  /// The photo through the camera: [height][width][3].
  func apply(_ input: [Float], width: Int, stream: UInt64) -> [Float] {
    let smooth = smoothing > 0 ? CameraGuess.smoothed(input, width: width) : input
    var random = CounterRandom(seed: 0x6775_6573, stream: stream)
    return input.indices.map { index in
      let channel = index % 3
      let value = Double(input[index]) + smoothing * Double(smooth[index] - input[index])
      // Uniform, of deviation 1.
      let drawn = noise[channel] > 0 ? Double(random.next(from: -1, to: 1) as Float) * 1.7320508 : 0
      return Float(after[channel] + gain[channel] * (value - before[channel]) + noise[channel] * drawn)
    }
  }

  /// Means of 5 x 5 pixels, fewer at the edges.
  static func smoothed(_ input: [Float], width: Int) -> [Float] {
    let height = input.count / 3 / width
    func pass(_ values: [Float], _ count: Int, _ stride: Int, _ place: (Int) -> Int) -> [Float] {
      values.indices.map { index in
        let at = place(index), first = max(0, at - 2), last = min(count - 1, at + 2)
        var sum: Float = 0
        for other in first...last { sum += values[index + (other - at) * stride] }
        return sum / Float(last - first + 1)
      }
    }
    return pass(pass(input, width, 3) { $0 / 3 % width }, height, 3 * width) { $0 / 3 / width }
  }
}
