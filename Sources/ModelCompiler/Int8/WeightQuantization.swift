import Glibc
import TinyNN

/// Weights as int8 in -127 ... 127, symmetric, one scale per output channel: real = scales[channel] q.
public struct WeightQuantization: Sendable {
  private let layout: WeightLayout
  /// In the order of the weights given.
  public let values: [Int8]
  /// One per output channel; 1 for a channel of zeros without a bias.
  public let scales: [Float]
  /// Signal-to-quantization-noise ratio of the whole tensor in decibels; infinity if nothing was lost.
  public let signalToNoise: Double

  /// - Parameters:
  ///   - weights: row-major, as `layout` says. Finite.
  ///   - bias: real bias of each channel, or empty. Scales are large enough that it fits into int32 in units of `inputScale`
  ///     times the weight's scale.
  public init(_ weights: [Float], _ layout: WeightLayout, bias: [Double] = [], inputScale: Float = 1) {
    var largest = [Float](repeating: 0, count: layout.channels)
    for (i, weight) in weights.enumerated() {
      let channel = layout.channel(ofElement: i)
      largest[channel] = max(largest[channel], abs(weight))
    }
    let scales = largest.indices.map { channel in
      let least = bias.isEmpty ? 0 : Float(abs(bias[channel]) / (Double(inputScale) * 0x1p30))
      let scale = max(largest[channel] / 127, least)
      return scale >= .leastNormalMagnitude ? scale : 1
    }
    self.init(weights, layout, scales: scales) { i, scaled in scaled.rounded(.toNearestOrEven) }
  }

  /// With scales and a rounding of the caller, who is given the index of a weight and its value in units of its scale.
  package init(_ weights: [Float], _ layout: WeightLayout, scales: [Float], rounding: (Int, Float) -> Float) {
    var signal = 0.0, noise = 0.0
    values = weights.enumerated().map { i, weight in
      let scale = scales[layout.channel(ofElement: i)]
      let q = max(-127, min(127, rounding(i, weight / scale)))
      let error = Double(weight) - Double(scale * q)
      signal += Double(weight) * Double(weight)
      noise += error * error
      return Int8(q)
    }
    self.layout = layout
    self.scales = scales
    signalToNoise = noise > 0 ? 10 * log10(signal / noise) : .infinity
  }

  /// The real value of weight `index`.
  public func dequantize(_ index: Int) -> Float { scales[layout.channel(ofElement: index)] * Float(values[index]) }
}
