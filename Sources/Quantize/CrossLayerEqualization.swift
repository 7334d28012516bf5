import ModelCompiler
import TinyNN

extension Graph {
  /// Rescales the channels between pairs of layers so that the weights on both sides have the same range (Nagel et al. 2019,
  /// section 4.1): W1 / s, b1 / s and s W2 with s = sqrt(r1 r2) / r2 per channel, until nothing changes.
  ///
  /// Only where s passes through: the first layer has no activation or ReLU. A ReLU6 whose input stayed below 6 on all
  /// calibration photos becomes a ReLU first; the others have bounds per tensor, which would cut the channels differently.
  ///
  /// - Returns: the number of pairs.
  mutating func equalizeLayers(_ statistics: [TensorID: TensorStatistics]) -> Int {
    let uses = useCounts(), producers = producers()
    var pairs: [(first: Int, second: Int)] = []
    for second in nodes.indices {
      let tensor = nodes[second].inputs[0]
      guard let first = producers[tensor], uses[tensor] == 1, weightForm(of: nodes[second])?.readsAllChannels == true,
        weightForm(of: nodes[first]) != nil,
        [first, second].allSatisfy({ floats(nodes[$0].inputs[1]) != nil && floats(nodes[$0].inputs[2]) != nil }),
        makeHomogeneous(first, largest: statistics[tensor]?.maximum ?? .infinity)
      else { continue }
      pairs.append((first, second))
    }
    for _ in 0..<20 {
      var change: Float = 0
      for pair in pairs { change = max(change, equalize(pair.first, pair.second)) }
      if change < 0.01 { break }
    }
    return pairs.count
  }

  /// True if f(s x) = s f(x) for the layer's activation and s > 0, perhaps after the upper bound of a ReLU6 that is never
  /// reached has been removed.
  private mutating func makeHomogeneous(_ index: Int, largest: Float) -> Bool {
    guard let activation = fusedActivation(of: nodes[index]) else { return false }
    if activation == .none || activation == .relu { return true }
    guard activation.function == .clamp, activation.a == 0, largest < activation.b,
      let attributes = attributes(of: nodes[index], replacingActivation: .relu)
    else { return false }
    nodes[index].attributes = attributes
    return true
  }

  /// Equalizes one pair and returns the largest change of a factor.
  private mutating func equalize(_ first: Int, _ second: Int) -> Float {
    var (weights, bias, next) = (floats(nodes[first].inputs[1])!, floats(nodes[first].inputs[2])!, floats(nodes[second].inputs[1])!)
    let layout = weightLayout(of: nodes[first])!, channels = layout.channels
    guard next.count % channels == 0 else { return 0 }
    var (r1, r2) = ([Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels))
    for i in weights.indices {
      let channel = layout.channel(ofElement: i)
      r1[channel] = max(r1[channel], abs(weights[i]))
    }
    for i in next.indices { r2[i % channels] = max(r2[i % channels], abs(next[i])) }
    let factors = (0..<channels).map { c -> Float in
      guard r1[c] > 0, r2[c] > 0 else { return 1 }
      let factor = (r1[c] / r2[c]).squareRoot()
      return max(1e-3, min(1e3, factor))
    }
    for i in weights.indices { weights[i] /= factors[layout.channel(ofElement: i)] }
    for i in bias.indices { bias[i] /= factors[i] }
    for i in next.indices { next[i] *= factors[i % channels] }
    replaceConstant(of: first, at: 1, weights)
    replaceConstant(of: first, at: 2, bias)
    replaceConstant(of: second, at: 1, next)
    return factors.reduce(0) { max($0, abs($1 - 1)) }
  }

  /// A constant may have other readers, so the node gets one of its own.
  private mutating func replaceConstant(of node: Int, at input: Int, _ values: [Float]) {
    let old = nodes[node].inputs[input]
    nodes[node].inputs[input] = addConstant(tensors[old].name, shape(old), values)
  }
}
