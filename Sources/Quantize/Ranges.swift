import ModelCompiler
import TinyNN

/// The maps of all tensors of a graph, and how each range was found.
struct GraphRanges {
  private(set) var maps: [Graph.TensorID: Quantization] = [:]
  private(set) var found: [Graph.TensorID: FoundRange] = [:]

  /// - Parameter graph: prepared.
  init(_ graph: Graph, _ statistics: [Graph.TensorID: TensorStatistics], methods: [RangeMethod]) {
    for (tensor, seen) in statistics {
      var range = seen.bestRange(of: methods)
      if let reach = graph.usefulRange(of: tensor) {
        range.minimum = max(range.minimum, reach.lowerBound)
        range.maximum = min(range.maximum, reach.upperBound)
      }
      found[tensor] = range
    }
    // Operators that only move elements need one map for all they touch: the union of the ranges.
    for group in graph.groupsOfOneQuantization() {
      let ranges = group.compactMap { found[$0] }
      guard let first = ranges.first else { continue }
      let union = ranges.reduce(first) { sum, next in
        FoundRange(
          method: next.maximum - next.minimum > sum.maximum - sum.minimum ? next.method : sum.method,
          minimum: min(sum.minimum, next.minimum), maximum: max(sum.maximum, next.maximum), squaredError: sum.squaredError)
      }
      for tensor in group { found[tensor] = union }
    }
    for (tensor, range) in found { maps[tensor] = Quantization(minimum: range.minimum, maximum: range.maximum) }
  }
}

extension Graph {
  /// The part of a tensor's range that the one operator reading it can tell apart, or nil for all of it.
  fileprivate func usefulRange(of tensor: TensorID) -> ClosedRange<Float>? {
    let readers = nodes.filter { $0.inputs.contains(tensor) }
    guard readers.count == 1, !outputs.contains(tensor), let activation = readers[0].decoded(Activate.self)?.activation else {
      return nil
    }
    switch activation.function {
    // Below -3 the result is 0.
    case .hardSwish: return -3 ... .infinity
    case .hardSigmoid where activation.a > 0 && activation.b >= 0 && activation.b <= 1:
      return -activation.b / activation.a...(1 - activation.b) / activation.a
    // Beyond these the result is within a third of an int8 step of its limit.
    case .sigmoid: return -7...7
    case .tanh: return -4...4
    case .silu: return -8 ... .infinity
    default: return nil
    }
  }

  /// Sets of tensors that operators bind to one quantization.
  fileprivate func groupsOfOneQuantization() -> [[TensorID]] {
    var parent = Array(tensors.indices)
    func root(_ tensor: TensorID) -> TensorID {
      var tensor = tensor
      while parent[tensor] != tensor { tensor = parent[tensor] }
      return tensor
    }
    for node in nodes where preservesQuantization(node) {
      for input in node.inputs where !isConstant(input) { parent[root(input)] = root(node.outputs[0]) }
    }
    return Dictionary(grouping: tensors.indices, by: root).values.filter { $0.count > 1 }
  }
}
