public import TinyNN

/// Tensors at the cut, kept as int8 between their uses (latent replay; Pellegrini et al. 2020).
///
/// An int8 network's own map keeps them exactly; the values of a float network are spread over their smallest and largest.
public struct LatentCode: Sendable {
  /// The map of the tensor at the cut, if it is int8.
  public let map: Quantization?

  public init(map: Quantization?) { self.map = map }

  /// Writes the values as int8 and returns the map that reads them.
  public func encode(_ values: Elements<Float>, to entry: Elements<Int8>) -> Quantization {
    let map = self.map ?? LatentCode.map(of: values)
    for i in 0..<entry.count { entry[i] = map.quantize(values[i]) }
    return map
  }

  public static func decode(_ entry: Elements<Int8>, _ map: Quantization, to values: Elements<Float>) {
    for i in 0..<entry.count { values[i] = map.dequantize(entry[i]) }
  }

  /// Zero is exact, and the smallest and the largest value are within half a step.
  private static func map(of values: Elements<Float>) -> Quantization {
    var (low, high): (Float, Float) = (0, 0)
    for i in 0..<values.count {
      if values[i] < low { low = values[i] }
      if values[i] > high { high = values[i] }
    }
    let scale = (high - low) / 255
    guard scale >= .leastNormalMagnitude else { return Quantization(scale: 1, zeroPoint: 0) }
    return Quantization(scale: scale, zeroPoint: Int32((-128 - low / scale).rounded(.toNearestOrEven)))
  }
}
