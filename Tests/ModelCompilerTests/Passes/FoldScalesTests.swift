import ModelCompiler
import Testing
import TinyNN

@Suite struct FoldScalesTests {
  @Test func batchNormalisationVanishesIntoTheConvolution() throws {
    var maker = GraphMaker(seed: 3)
    let image = maker.graph.addInput("x", TensorType(.float32, Shape(1, 8, 8, 3)))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), image)
    x = try maker.convolution(x, out: 6, kernel: 3)
    x = try maker.add(Binary(.multiply), x, maker.constant(6, 1, 1))
    x = try maker.add(Binary(.add), x, maker.constant(6, 1, 1))
    x = try maker.add(Activate(.relu), x)
    x = try maker.spatial(GlobalAveragePool(), x)
    maker.graph.outputs = [try maker.add(Reshape(Shape(1, 6)), x)]
    let expected = try outputs(of: maker.graph, seed: 1)[0]
    maker.graph.optimize()
    #expect(maker.graph.nodes.map(\.kind) == [.convolution, .globalAveragePool, .reshape])
    let found = try outputs(of: maker.graph, seed: 1)[0]
    for (a, b) in zip(expected, found) { #expect(abs(a - b) < 1e-5) }
  }
}
