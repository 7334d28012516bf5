import ModelCompiler
import Testing
import TinyNN

/// All passes together, on random networks.
@Suite struct CompilerTests {
  @Test("Passes keep the network's results", arguments: 0..<60)
  func passesKeepResults(seed: Int) throws {
    var maker = GraphMaker(seed: UInt64(seed))
    let image = maker.graph.addInput("x", TensorType(.float32, Shape(1, 9, 7, 6)))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), image)
    for _ in 0..<Int.random(in: 2...9, using: &maker.random) { x = try maker.step(x) }
    if seed % 3 == 0 {
      x = try maker.spatial(GlobalAveragePool(), x)
      x = try maker.add(Reshape(Shape(1, maker.graph.shape(x)[1])), x)
    }
    maker.graph.outputs = [x]
    let plain = maker.graph
    var optimized = plain
    optimized.optimize()
    let expected = try outputs(of: plain, seed: 7)[0], found = try outputs(of: optimized, seed: 7)[0]
    let largest = expected.map(abs).max() ?? 0
    let difference = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
    let operators = optimized.nodes.map { "\($0.kind)\(optimized.shape($0.outputs[0]))" }.joined(separator: " ")
    #expect(
      expected.count == found.count && difference <= 1e-5 * max(1, largest),
      "seed \(seed): difference \(difference) of \(largest); \(operators)")
    // What remains: the one before an NCHW output, and one for each channel shuffle.
    let shuffles = plain.nodes.filter { $0.outputs.contains { plain.shape($0).rank == 5 } && $0.kind == .transpose }.count
    #expect(optimized.nodes.filter { $0.kind == .transpose }.count <= 1 + shuffles, "seed \(seed): \(operators)")
  }
}
