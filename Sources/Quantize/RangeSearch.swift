import TinyNN

/// How the range of a tensor was found.
public enum RangeMethod: String, Sendable, CaseIterable {
  case minMax = "min-max"
  case percentile99_9 = "percentile 99.9"
  case percentile99_99 = "percentile 99.99"
  case percentile99_999 = "percentile 99.999"
  case meanSquaredError = "mean squared error"
}

/// A range and what it costs on the calibration histogram.
public struct FoundRange: Sendable {
  public var method: RangeMethod
  public var minimum: Float
  public var maximum: Float
  /// Sum of squared differences between values and what int8 makes of them.
  public var squaredError: Double
}

extension TensorStatistics {
  /// The best range of one method.
  public func range(by method: RangeMethod) -> FoundRange {
    switch method {
    case .minMax: return found(method, minimum, maximum)
    case .percentile99_9: return percentile(method, 0.999)
    case .percentile99_99: return percentile(method, 0.9999)
    case .percentile99_999: return percentile(method, 0.99999)
    case .meanSquaredError:
      var best = found(method, minimum, maximum)
      let lowFactors: [Float] = minimum < 0 ? TensorStatistics.factors : [1]
      let highFactors: [Float] = maximum > 0 ? TensorStatistics.factors : [1]
      for low in lowFactors {
        for high in highFactors {
          let candidate = found(method, minimum * low, maximum * high)
          if candidate.squaredError < best.squaredError { best = candidate }
        }
      }
      return best
    }
  }

  /// The range that costs least on the histogram; on a tie the earlier method.
  public func bestRange(of methods: [RangeMethod] = RangeMethod.allCases) -> FoundRange {
    var best = range(by: methods[0])
    for method in methods.dropFirst() {
      let candidate = range(by: method)
      if candidate.squaredError < best.squaredError { best = candidate }
    }
    return best
  }

  private static let factors: [Float] = (0...16).map { 1 - 0.05 * Float($0) }

  private func percentile(_ method: RangeMethod, _ part: Double) -> FoundRange {
    // Zeros are in no bin; they count as values between the ends.
    let limit = (1 - part) * Double(count)
    var (low, high) = (0, bins.count - 1)
    var (below, above) = (0.0, 0.0)
    while low < high, below + bins[low] <= limit {
      below += bins[low]
      low += 1
    }
    while high > low, above + bins[high] <= limit {
      above += bins[high]
      high -= 1
    }
    let width = (maximum - minimum) / Float(TensorStatistics.binCount)
    return found(method, minimum + Float(low) * width, minimum + Float(high + 1) * width)
  }

  private func found(_ method: RangeMethod, _ minimum: Float, _ maximum: Float) -> FoundRange {
    FoundRange(
      method: method, minimum: minimum, maximum: maximum,
      squaredError: squaredError(Quantization(minimum: minimum, maximum: maximum)))
  }

  /// The sum of squared errors of the values seen under a map, from the middles of the bins.
  public func squaredError(_ map: Quantization) -> Double {
    let (scale, zero) = (Double(map.scale), Double(map.zeroPoint))
    var sum = 0.0
    for bin in bins.indices where bins[bin] > 0 {
      let value = center(bin)
      let q = min(127, max(-128, (value / scale).rounded(.toNearestOrEven) + zero))
      let error = value - scale * (q - zero)
      sum += bins[bin] * error * error
    }
    return sum
  }
}
