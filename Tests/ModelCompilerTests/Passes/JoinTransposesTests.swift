import ModelCompiler
import Testing
import TinyNN

@Suite struct JoinTransposesTests {
  /// The end of attention: heads [1, heads, tokens, depth] to tokens of all heads.
  @Test func headsAreMergedByOneTranspose() throws {
    var maker = GraphMaker(seed: 3)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(1, 3, 5, 4)))
    let tokens = try maker.add(Transpose(Permutation(0, 2, 1, 3)), maker.add(Activate(Activation(.sigmoid)), x))
    let rows = try maker.add(Reshape(Shape(1, 5, 12)), tokens)
    maker.graph.outputs = [try maker.add(Dense(), rows, maker.constant(7, 12), maker.constant(7))]
    let expected = try outputs(of: maker.graph, seed: 4)
    maker.graph.optimize()
    #expect(maker.graph.nodes.map(\.kind) == [.activate, .transpose, .reshape, .dense])
    #expect(try outputs(of: maker.graph, seed: 4) == expected)
  }
}
