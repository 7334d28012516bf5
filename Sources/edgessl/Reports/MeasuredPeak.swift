import HostRuntime
import ModelCompiler
import Quantize
import TinyNN

/// The most multiply-adds that this machine's kernels do in a nanosecond: a matrix product [128, 256] x [256, 256], whose operands
/// stay in the second-level cache. Documentation/performance.md says how far that is from what the processor could do.
struct MeasuredPeak {
  let float32: Double
  let int8: Double

  init(threads: Int) throws {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape(1, 8, 16, 256)))
    func values(_ count: Int) -> [Float] { (0..<count).map { Float($0 &* 40503 % 255 - 127) / 127 } }
    let weights = graph.addConstant("w", Shape(256, 1, 1, 256), values(256 * 256))
    let bias = graph.addConstant("b", Shape(256), values(256))
    graph.outputs = [
      try graph.add(Convolution(window: Window(height: 1, width: 1)), name: "product", inputs: [input, weights, bias])
    ]
    float32 = try MeasuredPeak.rate(of: graph, threads)
    int8 = try MeasuredPeak.rate(of: graph.quantized(CalibrationSet(inputs: [values(8 * 16 * 256)]), .fast).graph, threads)
  }

  func rate(of type: ElementType) -> Double { type == .int8 ? int8 : float32 }

  private static func rate(of graph: Graph, _ threads: Int) throws -> Double {
    let encoder = try ModelRunner(bytes: graph.lowered().finish(), threads: threads)
    let index = (0..<encoder.model.operatorCount).first { encoder.model.operatorRecord($0).kind == .convolution }!
    var least = Int.max
    for _ in 0..<100 {
      let start = monotonicNanoseconds()
      encoder.session.runOperator(index)
      least = min(least, max(1, monotonicNanoseconds() - start))
    }
    return Double(encoder.model.multiplyAdds(ofOperator: index)) / Double(least)
  }
}
