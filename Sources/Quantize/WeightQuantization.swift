import Glibc

/// Weights as int8 in -127 ... 127, symmetric, one scale per output channel: real = scales[channel] q.
public struct WeightQuantization: Sendable {
  /// In the order of the weights given.
  public let values: [Int8]
  /// One per output channel; 1 for a channel of zeros without a bias.
  public let scales: [Float]
  /// Signal-to-quantization-noise ratio of the whole tensor in decibels; infinity if nothing was lost.
  public let signalToNoise: Double

  /// - Parameters:
  ///   - weights: row-major; element i belongs to channel `i / inner % channels`. Finite.
  ///   - bias: real bias of each channel, or empty. Scales are large enough that it fits into int32 in units of `inputScale`
  ///     times the weight's scale.
  public init(_ weights: [Float], channels: Int, inner: Int, bias: [Double] = [], inputScale: Float = 1) {
    var largest = [Float](repeating: 0, count: channels)
    for (i, weight) in weights.enumerated() { largest[i / inner % channels] = max(largest[i / inner % channels], abs(weight)) }
    let scales = largest.indices.map { channel in
      let least = bias.isEmpty ? 0 : Float(abs(bias[channel]) / (Double(inputScale) * 0x1p30))
      let scale = max(largest[channel] / 127, least)
      return scale >= .leastNormalMagnitude ? scale : 1
    }
    self.init(weights, channels: channels, inner: inner, scales: scales) { i, scaled in scaled.rounded(.toNearestOrEven) }
  }

  /// With scales and a rounding of the caller, who is given the index of a weight and its value in units of its scale.
  init(_ weights: [Float], channels: Int, inner: Int, scales: [Float], rounding: (Int, Float) -> Float) {
    var signal = 0.0, noise = 0.0
    values = weights.enumerated().map { i, weight in
      let scale = scales[i / inner % channels]
      let q = max(-127, min(127, rounding(i, weight / scale)))
      let error = Double(weight) - Double(scale * q)
      signal += Double(weight) * Double(weight)
      noise += error * error
      return Int8(q)
    }
    self.scales = scales
    signalToNoise = noise > 0 ? 10 * log10(signal / noise) : .infinity
  }

  public func dequantize(_ index: Int, channels: Int, inner: Int) -> Float {
    scales[index / inner % channels] * Float(values[index])
  }
}
