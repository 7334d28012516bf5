import TinyNN

extension Translation {
  static let resizeRules: [String: Rule] = [
    "Resize": { (translation) throws(ONNXImportError) in [try translation.resized()] },
    "Upsample": { (translation) throws(ONNXImportError) in
      let x = try translation.operand(0)
      let attribute = try translation.node.floats("scales")
      guard let scales = try translation.optionalConstant(1)?.floats ?? attribute, scales.count == x.shape.count else {
        throw translation.node.error("the scales are missing")
      }
      var resizing = Resizing(mode: try translation.node.string("mode") ?? "nearest")
      (resizing.transformation, resizing.rounding) = ("asymmetric", "floor")
      var extents: [Int] = []
      for (extent, scale) in zip(x.shape, scales) { extents.append(try translation.scaledExtent(extent, by: scale)) }
      return [try translation.resized(x, to: extents, scales: scales.map(Double.init), resizing)]
    },
  ]

  private func resized() throws(ONNXImportError) -> Value {
    let x = try operand(0)
    let rank = x.shape.count
    // Operator set 10 has the scales as input 1; later ones have a region of interest there.
    let isFirst = node.opset < 11
    let stated = try optionalConstant(isFirst ? 1 : 2).flatMap { $0.count == 0 ? nil : $0.floats }
    let sizes = try isFirst ? nil : integers(input: 3, orAttribute: nil)
    var axes = Array(0..<rank)
    if let stated = try node.ints("axes") {
      axes = []
      for axis in stated { axes.append(try normalizedAxis(axis, rank: rank, node)) }
    }

    var resizing = Resizing(mode: try node.string("mode") ?? "nearest")
    resizing.transformation = try node.string("coordinate_transformation_mode") ?? (isFirst ? "asymmetric" : "half_pixel")
    resizing.rounding = try node.string("nearest_mode") ?? (isFirst ? "floor" : "round_prefer_floor")
    resizing.cubicCoefficient = Double(try node.float("cubic_coeff_a", default: -0.75))
    resizing.excludesOutside = try node.bool("exclude_outside", default: false)
    resizing.antialiases = try node.bool("antialias", default: false)

    var extents = x.shape
    var scales = Array(repeating: 1.0, count: rank)
    if let sizes, !sizes.isEmpty {
      guard sizes.count == axes.count, sizes.allSatisfy({ 1...Resizing.largestExtent ~= $0 }) else {
        throw node.error("sizes \(sizes) do not fit shape \(x.shape)")
      }
      let policy = try node.string("keep_aspect_ratio_policy") ?? "stretch"
      let ratios = zip(axes, sizes).map { Double($1) / Double(x.shape[$0]) }
      let common = policy == "not_larger" ? ratios.min() : policy == "not_smaller" ? ratios.max() : nil
      for (index, axis) in axes.enumerated() {
        extents[axis] = common.map { Int(($0 * Double(x.shape[axis])).rounded(.toNearestOrAwayFromZero)) } ?? sizes[index]
        scales[axis] = common ?? ratios[index]
      }
    } else if let stated, stated.count == axes.count {
      for (index, axis) in axes.enumerated() {
        scales[axis] = Double(stated[index])
        extents[axis] = try scaledExtent(x.shape[axis], by: stated[index])
      }
    } else {
      throw node.error("neither scales nor sizes fit shape \(x.shape)")
    }
    return try resized(x, to: extents, scales: scales, resizing)
  }

  private func scaledExtent(_ extent: Int, by scale: Float) throws(ONNXImportError) -> Int {
    let scaled = (Float(extent) * scale).rounded(.down)
    guard scale > 0, scaled >= 1, scaled < 0x1p24 else { throw node.error("a scale of \(scale) for a dimension of \(extent)") }
    return Int(scaled)
  }

  private func resized(_ x: Value, to extents: [Int], scales: [Double], _ resizing: Resizing) throws(ONNXImportError) -> Value {
    var value = x
    for axis in extents.indices where extents[axis] != x.shape[axis] || scales[axis] != 1 {
      let (from, to) = (x.shape[axis], extents[axis])
      guard 1...Resizing.largestExtent ~= to else { throw node.unsupported("a dimension of \(to)") }
      guard let places = resizing.places(from: from, to: to, scale: scales[axis]) else {
        throw node.unsupported("mode \(resizing.mode) with \(resizing.transformation) and \(resizing.rounding)")
      }
      if places.taps == 1 {
        value = try gathered(value, axis, places.first)
      } else {
        let weights = HostTensor([to, places.taps], floats: places.weights)
        value = try emit(Resample(axis: axis), value, positions(places.first), .constant(weights))
      }
    }
    return value
  }
}

/// How ONNX Resize maps one axis to another: for each position of the result, its first neighbour and the neighbours' weights.
///
/// Follows the definitions of the ONNX operator and its reference implementation (onnx/reference/ops/op_resize.py).
struct Resizing {
  var mode: String
  var transformation = "half_pixel"
  var rounding = "round_prefer_floor"
  var cubicCoefficient = -0.75
  var excludesOutside = false
  var antialiases = false

  static let largestExtent = 1 << 20

  struct Places {
    var taps: Int
    var first: [Int]
    /// [result, taps]; empty with one tap, whose weight is 1.
    var weights: [Float]
  }

  init(mode: String) { self.mode = mode == "bilinear" ? "linear" : mode }

  /// Nil for modes that are not supported.
  func places(from: Int, to: Int, scale: Double) -> Places? {
    var result = Places(taps: 1, first: [], weights: [])
    if mode == "nearest" {
      for index in 0..<to {
        guard let source = source(of: index, from, to, scale), let position = rounded(source) else { return nil }
        result.first.append(min(max(position, 0), from - 1))
      }
      return result
    }
    guard mode == "linear" || mode == "cubic" else { return nil }
    // Antialiasing stretches the filter where the result is smaller.
    let stretch = antialiases ? max(1, 1 / scale) : 1
    let support = (mode == "linear" ? 1 : 2) * stretch
    result.taps = antialiases && stretch > 1 ? 2 * Int(support.rounded(.up)) + 1 : mode == "linear" ? 2 : 4
    for index in 0..<to {
      guard let source = source(of: index, from, to, scale) else { return nil }
      let first = Int(source.rounded(.down)) - (result.taps == 2 ? 0 : result.taps == 4 ? 1 : (result.taps - 1) / 2)
      var weights: [Double] = []
      for tap in 0..<result.taps {
        let position = first + tap
        let isOutside = position < 0 || position >= from
        weights.append(isOutside && excludesOutside ? 0 : kernel((Double(position) - source) / stretch))
      }
      let sum = weights.reduce(0, +)
      result.first.append(first)
      result.weights += weights.map { Float($0 / sum) }
    }
    return result
  }

  /// The place in the input, which is meaningless where it lies far outside, for a nearly empty result.
  private func source(of index: Int, _ from: Int, _ to: Int, _ scale: Double) -> Double? {
    guard let place = place(of: index, from, to, scale) else { return nil }
    return min(max(place, -1e9), 1e9)
  }

  private func place(of index: Int, _ from: Int, _ to: Int, _ scale: Double) -> Double? {
    let position = Double(index)
    // The extent before it is rounded down to whole elements.
    let extent = scale * Double(from)
    switch transformation {
    case "half_pixel": return (position + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(to) / extent
      return Double(from) / 2 * (1 - adjustment) + (position + 0.5) / scale - 0.5
    case "pytorch_half_pixel": return extent == 1 ? -0.5 : (position + 0.5) / scale - 0.5
    case "align_corners": return extent == 1 ? 0 : position * Double(from - 1) / (extent - 1)
    case "asymmetric": return position / scale
    case "tf_half_pixel_for_nn": return (position + 0.5) / scale
    default: return nil
    }
  }

  private func rounded(_ source: Double) -> Int? {
    switch rounding {
    case "round_prefer_floor": Int((source - 0.5).rounded(.up))
    case "round_prefer_ceil": Int((source + 0.5).rounded(.down))
    case "floor": Int(source.rounded(.down))
    case "ceil": Int(source.rounded(.up))
    default: nil
    }
  }

  private func kernel(_ offset: Double) -> Double {
    let (x, a) = (abs(offset), cubicCoefficient)
    if mode == "linear" { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
