import ModelCompiler
import Testing
import TinyNN

@Suite struct RemoveDeadNodesTests {
  @Test func chainsThatNobodyReadsVanishWithTheirTensors() throws {
    var maker = GraphMaker(seed: 19)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(1, 4)))
    let dead = try maker.add(Dense(), maker.add(Activate(.relu), x), maker.constant(3, 4), maker.constant(3))
    let kept = try maker.add(Activate(.relu6), x)
    maker.graph.outputs = [kept]
    maker.graph.removeDeadNodes()
    #expect(maker.graph.nodes.map(\.outputs) == [[kept]] && maker.graph.tensors.count > dead)
    maker.graph.removeUnusedTensors()
    #expect(maker.graph.tensors.count == 2 && maker.graph.inputs == [0] && maker.graph.outputs == [1])
    #expect(maker.graph.nodes[0].inputs == [0] && maker.graph.nodes[0].outputs == [1])
  }
}
