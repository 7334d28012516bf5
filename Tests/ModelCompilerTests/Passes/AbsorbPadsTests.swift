import ModelCompiler
import Testing
import TinyNN

@Suite struct AbsorbPadsTests {
  /// A padding of one row above, two columns on the right, and a convolution of 3x3 behind it.
  private func graph(value: Float, channels: Int = 0) throws -> Graph {
    var maker = GraphMaker(seed: 11)
    let x = maker.graph.addInput("x", TensorType(.float32, Shape(1, 6, 7, 4)))
    var pad = Pad(rank: 4, value: value)
    pad.before[1] = 1
    pad.after[2] = 2
    pad.after[3] = channels
    let padded = try maker.add(pad, x)
    let weights = maker.constant(5, 3, 3, 4 + channels)
    maker.graph.outputs = [try maker.add(Convolution(window: Window(height: 3, width: 3)), padded, weights, maker.constant(5))]
    return maker.graph
  }

  @Test func theWindowTakesZerosAroundTheImageIn() throws {
    let plain = try graph(value: 0)
    var absorbed = plain
    absorbed.absorbPads()
    let window = try #require(absorbed.nodes.first?.decoded(Convolution.self)?.window)
    #expect(absorbed.nodes.count == 1 && window.padTop == 1 && window.padRight == 2 && window.padLeft == 0 && window.padBottom == 0)
    #expect(try outputs(of: absorbed, seed: 2) == outputs(of: plain, seed: 2))
  }

  @Test("Another value, or more channels, stay", arguments: [(0.5, 0), (0, 1)] as [(Float, Int)])
  func otherPaddingStays(value: Float, channels: Int) throws {
    var graph = try graph(value: value, channels: channels)
    graph.absorbPads()
    #expect(graph.nodes.map(\.kind) == [.pad, .convolution])
  }
}
