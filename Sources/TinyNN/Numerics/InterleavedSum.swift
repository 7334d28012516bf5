/// The sum of `term(0)`, `term(1)`, ...: term i goes to chain i mod 8, and the chains are added in order at the end.
@inline(__always) func interleavedSum(_ count: Int, _ term: (Int) -> Float) -> Float {
  var chains = SIMD8<Float>(repeating: 0)
  var index = 0
  while index + 8 <= count {
    chains += SIMD8(
      term(index), term(index + 1), term(index + 2), term(index + 3),
      term(index + 4), term(index + 5), term(index + 6), term(index + 7))
    index += 8
  }
  while index < count {
    chains[index & 7] += term(index)
    index += 1
  }
  var total = chains[0]
  for lane in 1..<8 { total += chains[lane] }
  return total
}

/// The largest of `term(0)`, ..., at least one of them. Which zero it is of both, and what comes of NaN, is not defined.
@inline(__always) func interleavedMaximum(_ count: Int, _ term: (Int) -> Float) -> Float {
  var lanes = SIMD8<Float>(repeating: term(0))
  var index = 0
  while index + 8 <= count {
    let terms = SIMD8(
      term(index), term(index + 1), term(index + 2), term(index + 3),
      term(index + 4), term(index + 5), term(index + 6), term(index + 7))
    lanes.replace(with: terms, where: terms .> lanes)
    index += 8
  }
  while index < count {
    let last = term(index)
    if last > lanes[0] { lanes[0] = last }
    index += 1
  }
  var largest = lanes[0]
  for lane in 1..<8 where lanes[lane] > largest { largest = lanes[lane] }
  return largest
}
