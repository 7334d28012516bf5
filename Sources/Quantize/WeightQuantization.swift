import Glibc

/// Weights as int8 in -127 ... 127, symmetric, one scale per output channel: real = scales[channel] q.
public struct WeightQuantization: Sendable {
  /// In the order of the weights given.
  public let values: [Int8]
  /// One per output channel; 1 for a channel of zeros.
  public let scales: [Float]
  /// Signal-to-quantization-noise ratio of the whole tensor in decibels; infinity if nothing was lost.
  public let signalToNoise: Double

  /// - Parameter weights: row-major; element i belongs to channel `i / inner % channels`. Finite.
  public init(_ weights: [Float], channels: Int, inner: Int) {
    var largest = [Float](repeating: 0, count: channels)
    for (i, weight) in weights.enumerated() { largest[i / inner % channels] = max(largest[i / inner % channels], abs(weight)) }
    let scales = largest.map { $0 > 0 ? $0 / 127 : 1 }
    var signal = 0.0, noise = 0.0
    values = weights.enumerated().map { i, weight in
      let scale = scales[i / inner % channels]
      let q = max(-127, min(127, (weight / scale).rounded(.toNearestOrEven)))
      let error = Double(weight) - Double(scale * q)
      signal += Double(weight) * Double(weight)
      noise += error * error
      return Int8(q)
    }
    self.scales = scales
    signalToNoise = noise > 0 ? 10 * log10(signal / noise) : .infinity
  }

  public func dequantize(_ index: Int, channels: Int, inner: Int) -> Float { scales[index / inner % channels] * Float(values[index]) }
}
