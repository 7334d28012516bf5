import TinyNN

extension Graph {
  /// Lets operators pad their input by themselves where exporters write a padding before them (TensorFlow's way of a
  /// convolution with stride 2).
  public mutating func absorbPads() {
    let producers = producers()
    for index in nodes.indices {
      guard let first = nodes[index].inputs.first, let producer = producers[first],
        let border = nodes[producer].decoded(Pad.self)?.border,
        let attributes = ask(nodes[index], Absorbing(border: border)) ?? nil
      else { continue }
      nodes[index].attributes = attributes
      nodes[index].inputs[0] = nodes[producer].inputs[0]
    }
    removeDeadNodes()
  }
}

/// The operator's attributes with the padding taken in, or nil.
private struct Absorbing: OperatorQuestion {
  let border: Border
  func answer<O: Operator>(_ operation: O) -> [UInt8]? {
    operation.absorbing(border)?.encoded
  }
}
