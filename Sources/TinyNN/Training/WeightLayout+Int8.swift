extension WeightLayout {
  /// The sum of a channel's int8 weights.
  func sum(_ weights: Elements<Int8>, channel: Int) -> Int {
    var sum = 0
    forEach(channel: channel) { _, int8 in sum += Int(weights[int8]) }
    return sum
  }

  /// The scale of a channel's weights as int8: the largest becomes 127, unless the bias in units of `inputScale` times it
  /// would not fit into int32.
  func scale(_ weights: Elements<Float>, bias: Elements<Float>, inputScale: Float, channel: Int) -> Float {
    var largest: Float = 0
    forEach(channel: channel) { float, _ in
      let magnitude = weights[float].magnitude
      if magnitude > largest { largest = magnitude }
    }
    let least = bias[place(channel)].magnitude / (inputScale * 0x1p30)
    let scale = largest / 127 > least ? largest / 127 : least
    return scale >= .leastNormalMagnitude ? scale : 1
  }
}
