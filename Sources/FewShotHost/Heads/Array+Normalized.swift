import FewShot

extension [Float] {
  /// The values scaled to length 1, and the length they have. See `MutableSpan.normalize()`.
  public func normalized() -> (values: [Float], length: Float) {
    var values = self
    var span = values.mutableSpan
    let length = span.normalize()
    return (values, length)
  }
}
