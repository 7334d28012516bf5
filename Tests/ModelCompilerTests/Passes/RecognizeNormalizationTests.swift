@testable import ModelCompiler
import Testing
import TinyNN

@Suite struct RecognizeNormalizationTests {
  @Test("Layer normalisation written out, with and without the mean, takes scale and shift in", arguments: [true, false])
  func writtenOutForm(centres: Bool) throws {
    var maker = GraphMaker(seed: 18)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(4, 9)))
    let numerator = centres ? try maker.add(Binary(.subtract), x, maker.add(Reduce(.mean, axis: 1), x)) : x
    let variance = try maker.add(Reduce(.mean, axis: 1), maker.add(Binary(.multiply), numerator, numerator))
    let epsilon = maker.graph.addConstant("epsilon", Shape(), [1e-3])
    let deviation = try maker.add(Activate(Activation(.sqrt)), maker.add(Binary(.add), variance, epsilon))
    let normal = try maker.add(Binary(.divide), numerator, deviation)
    let scaled = try maker.add(Binary(.multiply), normal, maker.constant(9))
    maker.graph.outputs = [try maker.add(Binary(.add), scaled, maker.constant(9))]
    let expected = try outputs(of: maker.graph, seed: 9)[0]
    maker.graph.recognizeNormalizations()
    #expect(maker.graph.nodes.map(\.kind) == [.layerNormalization])
    let found = try #require(maker.graph.nodes[0].decoded(LayerNormalization.self))
    #expect(found.centres == centres && found.epsilon == 1e-3)
    for (a, b) in zip(expected, try outputs(of: maker.graph, seed: 9)[0]) { #expect(abs(a - b) < 1e-5) }
  }
}
