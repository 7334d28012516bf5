import ModelCompiler
import TinyNN

/// What int8 weights would cost one layer.
public struct WeightReport: Sendable {
  public let node: String
  public let operation: String
  public let parameters: Int
  /// Decibels, see `WeightQuantization`.
  public let signalToNoise: Double
}

extension Graph {
  /// Every layer with weights, the one that loses most first.
  public func weightReport() -> [WeightReport] {
    nodes.compactMap { node -> WeightReport? in
      guard let axis = weightChannelAxis(of: node), let weights = floats(node.inputs[1]) else { return nil }
      let shape = shape(node.inputs[1])
      let quantized = WeightQuantization(weights, channels: shape[axis], inner: shape.count(in: axis + 1..<shape.rank))
      return WeightReport(
        node: node.name, operation: "\(node.kind)", parameters: weights.count, signalToNoise: quantized.signalToNoise)
    }.sorted { $0.signalToNoise < $1.signalToNoise }
  }
}
