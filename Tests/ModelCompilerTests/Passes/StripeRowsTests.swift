import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

@Suite("Stages in stripes of rows") struct StripeRowsTests {
  /// A stem, an inverted residual with a skip, pooling, and a scale per channel, on an image of odd height.
  private func network(height: Int, seed: UInt64, kernel: Int = 3) throws -> Graph {
    var random = SeededGenerator(seed: seed)
    var graph = Graph()
    func constant(_ extents: Int...) -> Graph.TensorID {
      let shape = Shape(extents)
      return graph.addConstant("c", shape, (0..<shape.count).map { _ in Float.random(in: -0.5...0.5, using: &random) })
    }
    func window(_ kernel: Int, _ stride: Int, dilation: Int = 1) -> Window {
      var window = Window(height: kernel, width: kernel)
      window.strideY = stride
      window.strideX = stride
      window.dilationY = dilation
      window.dilationX = dilation
      let pad = kernel / 2 * dilation
      window.padTop = pad
      window.padLeft = pad
      window.padBottom = pad
      window.padRight = pad
      return window
    }
    var x = graph.addInput("x", TensorType(.float32, Shape(1, height, 21, 3)))
    x = try graph.add(
      Convolution(window: window(kernel, 2), activation: .relu6), name: "stem",
      inputs: [x, constant(8, kernel, kernel, 3), constant(8)])
    let skip = x
    x = try graph.add(
      Convolution(window: window(1, 1), activation: .relu6), name: "expand", inputs: [x, constant(40, 1, 1, 8), constant(40)])
    x = try graph.add(
      DepthwiseConvolution(window: window(3, 1, dilation: 2)), name: "filter", inputs: [x, constant(3, 3, 40), constant(40)])
    x = try graph.add(Activate(Activation(.silu)), name: "swish", inputs: [x])
    x = try graph.add(Binary(.multiply), name: "scale", inputs: [x, constant(1, 1, 1, 40)])
    x = try graph.add(Convolution(window: window(1, 1)), name: "project", inputs: [x, constant(8, 1, 1, 40), constant(8)])
    x = try graph.add(Binary(.add), name: "residual", inputs: [skip, x])
    let pooled = try graph.add(Pool(.maximum, window: window(3, 2)), name: "maximum", inputs: [x])
    let mean = try graph.add(Pool(.average, window: window(3, 2)), name: "average", inputs: [x])
    x = try graph.add(Concatenate(axis: 3), name: "join", inputs: [pooled, mean])
    graph.outputs = [try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])]
    return graph
  }

  @Test(
    "The bits stay, the arena shrinks, weights are stored once",
    arguments: [(33, 3, 0.7), (33, 3, 0.45), (40, 5, 0.5), (17, 3, 0.6), (50, 7, 0.5)])
  func keepsBits(height: Int, kernel: Int, part: Double) throws {
    let whole = try network(height: height, seed: UInt64(height), kernel: kernel)
    var striped = whole
    let limit = Int(Double(whole.arenaByteCount) * part)
    let stages = striped.stripeRows(until: limit)
    #expect(
      !stages.isEmpty && striped.arenaByteCount <= limit,
      "\(whole.arenaByteCount) became \(striped.arenaByteCount), limit \(limit): \(stages)")
    #expect(striped.multiplyAdds >= whole.multiplyAdds)
    let (a, b) = (try outputs(of: whole, seed: 1), try outputs(of: striped, seed: 1))
    #expect(a.map { $0.map(\.bitPattern) } == b.map { $0.map(\.bitPattern) }, "\(stages)")
    let encoders = try [whole, striped].map { try ModelRunner(bytes: $0.lowered().finish()) }
    #expect(encoders[0].model.weightByteCount == encoders[1].model.weightByteCount)
    #expect(encoders[1].plan.arenaByteCount == striped.arenaByteCount)
  }

  @Test func nothingHappensWhereItFits() throws {
    var graph = try network(height: 20, seed: 3)
    let nodes = graph.nodes.count
    #expect(graph.stripeRows(until: graph.arenaByteCount).isEmpty && graph.nodes.count == nodes)
  }

  @Test("A limit out of reach gives the smallest arena found") func outOfReach() throws {
    var graph = try network(height: 33, seed: 4)
    let before = graph.arenaByteCount
    _ = graph.stripeRows(until: 64)
    #expect(graph.arenaByteCount < before && graph.arenaByteCount > 64)
  }

  @Test("Weights that several operators read neither train nor are aligned") func sharedWeightsStay() throws {
    var graph = try network(height: 33, seed: 5)
    let stages = graph.stripeRows(until: graph.arenaByteCount / 2)
    let bytes = graph.lowered().finish()
    let encoder = try ModelRunner(bytes: bytes)
    let model = encoder.model
    let shared = (0..<model.operatorCount).filter { model.sharesWeights(ofOperator: $0) }
    #expect(shared.count >= 2 * stages.count, "\(shared)")
    let copy = AlignedMemory(copying: bytes)
    let alignable = try unsafe AlignableModel(copy.buffer)
    #expect(shared.allSatisfy { alignable.point($0) == nil })
    withExtendedLifetime((encoder, copy)) {}
  }
}
