import ModelCompiler
import Testing
import TinyNN

@Suite struct MoveTransposesTests {
  @Test func aResidualNetworkKeepsNoTranspose() throws {
    var maker = GraphMaker(seed: 1)
    let image = maker.graph.addInput("x", TensorType(.float32, Shape(1, 16, 16, 3)))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), image)
    x = try maker.add(Activate(.relu6), maker.convolution(x, out: 8, kernel: 3, stride: 2))
    let y = try maker.add(Activate(.relu6), maker.convolution(x, out: 8, kernel: 3))
    x = try maker.add(Binary(.add), x, y)
    x = try maker.spatial(GlobalAveragePool(), x)
    x = try maker.add(Reshape(Shape(1, 8)), x)
    maker.graph.outputs = [x]
    maker.graph.optimize()
    #expect(maker.graph.nodes.map(\.kind) == [.convolution, .convolution, .binary, .globalAveragePool, .reshape])
  }

  @Test func aChannelShuffleStaysOneTranspose() throws {
    var maker = GraphMaker(seed: 2)
    let image = maker.graph.addInput("x", TensorType(.float32, Shape(1, 8, 8, 4)))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), image)
    x = try maker.convolution(x, out: 8, kernel: 1)
    var five = Shape(1, 2, 4, 8)
    five.append(8)
    var swap = Permutation(rank: 5)
    (swap[1], swap[2]) = (2, 1)
    x = try maker.add(Reshape(five), x)
    x = try maker.add(Transpose(swap), x)
    x = try maker.add(Reshape(Shape(1, 8, 8, 8)), x)
    x = try maker.convolution(x, out: 4, kernel: 1)
    x = try maker.spatial(GlobalAveragePool(), x)
    x = try maker.add(Reshape(Shape(1, 4)), x)
    maker.graph.outputs = [x]
    maker.graph.optimize()
    #expect(maker.graph.nodes.filter { $0.kind == .transpose }.count == 1, "\(maker.graph.nodes.map(\.kind))")
  }

  /// The weights of a dense layer keep their order when a transpose moves behind it.
  @Test func aDenseLayerKeepsItsWeightsBehindATranspose() throws {
    var maker = GraphMaker(seed: 5)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(2, 3, 4)))
    var swap = Permutation(rank: 3)
    (swap[0], swap[1]) = (1, 0)
    let windows = try maker.add(Transpose(swap), x)
    maker.graph.outputs = [try maker.add(Dense(), windows, maker.constant(5, 4), maker.constant(5))]
    let expected = try outputs(of: maker.graph, seed: 4)
    maker.graph.moveTransposes()
    try maker.graph.checkTypes()
    #expect(maker.graph.nodes.map(\.kind) == [.dense, .transpose])
    #expect(try outputs(of: maker.graph, seed: 4) == expected)
  }
}
