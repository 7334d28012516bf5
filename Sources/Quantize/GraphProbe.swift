import HostRuntime
import ModelCompiler
import TinyNN

/// Runs a graph and shows chosen tensors of it, as float32.
final class GraphProbe {
  private let encoder: ModelRunner
  private let count: Int

  /// - Parameter tensors: computed tensors of the graph; int8 ones are dequantized.
  init(_ graph: Graph, observing tensors: [Graph.TensorID], threads: Int) throws {
    var graph = graph
    var outputs: [Graph.TensorID] = []
    for tensor in tensors {
      let isInt8 = graph.type(tensor).elementType == .int8
      outputs.append(isInt8 ? try graph.add(Dequantize(), name: "probe \(tensor)", inputs: [tensor]) : tensor)
    }
    // With nothing to observe there would be nothing to compute, which no file may say.
    if !outputs.isEmpty { graph.outputs = outputs }
    graph.removeDeadNodes()
    encoder = try ModelRunner(bytes: graph.lowered().finish(), threads: threads)
    count = outputs.count
  }

  func run(_ input: [Float]) {
    let tensor = encoder.session.input()
    precondition(tensor.shape.count == input.count)
    for i in input.indices { tensor.setValue(input[i], at: i) }
    encoder.session.run()
  }

  /// The values of observed tensor `index` after the last run.
  func withValues<R>(_ index: Int, _ body: (Span<Float>) throws -> R) rethrows -> R {
    try body(encoder.session.output(index).floats.span)
  }
}
