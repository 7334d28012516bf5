import ModelCompiler
import Testing
import TinyNN

@Suite struct RecognizeGELUTests {
  @Test("GELU written out is one activation", arguments: [(0.70710678, true), (0.7, false)] as [(Float, Bool)])
  func errorFunctionForm(factor: Float, isRecognized: Bool) throws {
    var maker = GraphMaker(seed: 17)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(3, 7)))
    func scalar(_ value: Float) -> Graph.TensorID { maker.graph.addConstant("s", Shape(), [value]) }
    let erf = try maker.add(Activate(Activation(.erf)), maker.add(Binary(.multiply), x, scalar(factor)))
    let gate = try maker.add(Binary(.add), erf, scalar(1))
    let half = try maker.add(Binary(.multiply), x, scalar(0.5))
    maker.graph.outputs = [try maker.add(Binary(.multiply), half, gate)]
    let expected = try outputs(of: maker.graph, seed: 8)[0]
    maker.graph.fuseActivations()
    #expect((maker.graph.nodes.count == 1) == isRecognized)
    #expect((maker.graph.nodes[0].decoded(Activate.self)?.activation == Activation(.gelu)) == isRecognized)
    for (a, b) in zip(expected, try outputs(of: maker.graph, seed: 8)[0]) { #expect(abs(a - b) < 1e-6) }
  }
}
