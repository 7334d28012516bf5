import ModelCompiler
import Testing
import TinyNN

@Suite struct MergeEqualNodesTests {
  @Test func whatSeveralNodesComputeAlikeIsComputedOnce() throws {
    var maker = GraphMaker(seed: 16)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(2, 5)))
    let (a, b) = (try maker.add(Activate(.relu), x), try maker.add(Activate(.relu), x))
    let other = try maker.add(Activate(.relu6), x)
    maker.graph.outputs = [try maker.add(Binary(.add), a, b), try maker.add(Binary(.add), b, other)]
    let expected = try outputs(of: maker.graph, seed: 7)
    maker.graph.mergeEqualNodes()
    #expect(maker.graph.nodes.map(\.kind) == [.activate, .activate, .binary, .binary])
    #expect(try outputs(of: maker.graph, seed: 7) == expected)
  }
}
