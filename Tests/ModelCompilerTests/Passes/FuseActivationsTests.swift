import ModelCompiler
import Testing
import TinyNN

@Suite struct FuseActivationsTests {
  @Test func anActivationGoesIntoTheOperatorBeforeIt() throws {
    var maker = GraphMaker(seed: 12)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(3, 8)))
    let dense = try maker.add(Dense(), x, maker.constant(5, 8), maker.constant(5))
    maker.graph.outputs = [try maker.add(Activate(.relu6), dense)]
    let expected = try outputs(of: maker.graph, seed: 3)
    maker.graph.fuseActivations()
    #expect(maker.graph.nodes.count == 1 && maker.graph.nodes[0].decoded(Dense.self)?.activation == .relu6)
    #expect(try outputs(of: maker.graph, seed: 3) == expected)
  }

  @Test func aResultThatSomebodyElseReadsKeepsItsOwnForm() throws {
    var maker = GraphMaker(seed: 13)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(3, 8)))
    let dense = try maker.add(Dense(), x, maker.constant(5, 8), maker.constant(5))
    maker.graph.outputs = [try maker.add(Activate(.relu), dense), dense]
    maker.graph.fuseActivations()
    #expect(maker.graph.nodes.map(\.kind) == [.dense, .activate])
  }

  @Test("x sigmoid(x) is SiLU, x clip(x + 3, 0, 6) / 6 is hard-swish", arguments: [false, true])
  func patternsOfExporters(isHard: Bool) throws {
    var maker = GraphMaker(seed: 14)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(4, 6)))
    if isHard {
      let clipped = try maker.add(Activate(.relu6), maker.add(Binary(.add), x, maker.graph.addConstant("3", Shape(), [3])))
      let product = try maker.add(Binary(.multiply), x, clipped)
      maker.graph.outputs = [try maker.add(Binary(.divide), product, maker.graph.addConstant("6", Shape(), [6]))]
    } else {
      maker.graph.outputs = [try maker.add(Binary(.multiply), x, maker.add(Activate(Activation(.sigmoid)), x))]
    }
    let expected = try outputs(of: maker.graph, seed: 5)[0]
    maker.graph.fuseActivations()
    #expect(maker.graph.nodes.count == 1)
    #expect(maker.graph.nodes[0].decoded(Activate.self)?.activation == Activation(isHard ? .hardSwish : .silu))
    for (a, b) in zip(expected, try outputs(of: maker.graph, seed: 5)[0]) { #expect(abs(a - b) < 1e-6) }
  }
}
