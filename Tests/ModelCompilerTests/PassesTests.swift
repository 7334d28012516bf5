import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// Runs a graph on a seeded input and returns all outputs.
func outputs(of graph: Graph, seed: UInt64, kernels: Kernels? = nil) throws -> [[Float]] {
  let encoder = try Encoder(bytes: graph.lowered().finish(), kernels: kernels)
  var random = SeededGenerator(seed: seed)
  for index in 0..<encoder.model.inputCount {
    let input = encoder.session.input(index).floats
    for i in 0..<input.count { input[i] = Float.random(in: -1...1, using: &random) }
  }
  encoder.session.run()
  return (0..<encoder.model.outputCount).map { index in
    let output = encoder.session.output(index).floats
    return (0..<output.count).map { output[$0] }
  }
}

/// Builds graphs as the importer does: NCHW between operators, transposes around the NHWC ones.
struct GraphMaker {
  var graph = Graph()
  var random: SeededGenerator
  var count = 0
  static let toNHWC = Permutation(0, 2, 3, 1), toNCHW = Permutation(0, 3, 1, 2)

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func name() -> String {
    count += 1
    return "n\(count)"
  }

  mutating func constant(_ extents: Int..., range: ClosedRange<Float> = -0.5...0.5) -> Graph.TensorID {
    let shape = Shape(extents)
    return graph.addConstant(name(), shape, (0..<shape.count).map { _ in Float.random(in: range, using: &random) })
  }

  mutating func add<O: Operator>(_ operation: O, _ inputs: Graph.TensorID...) throws -> Graph.TensorID {
    try graph.add(operation, name: name(), inputs: inputs)
  }

  mutating func spatial<O: Operator>(_ operation: O, _ input: Graph.TensorID, _ constants: Graph.TensorID...) throws
    -> Graph.TensorID
  {
    let nhwc = try add(Transpose(GraphMaker.toNHWC), input)
    let result = try graph.add(operation, name: name(), inputs: [nhwc] + constants)
    return try add(Transpose(GraphMaker.toNCHW), result)
  }

  mutating func convolution(_ x: Graph.TensorID, out: Int, kernel: Int, stride: Int = 1, groups: Int = 1) throws -> Graph.TensorID {
    var window = Window(height: kernel, width: kernel)
    (window.strideY, window.strideX) = (stride, stride)
    (window.padTop, window.padLeft, window.padBottom, window.padRight) = (kernel / 2, kernel / 2, kernel / 2, kernel / 2)
    let channels = graph.shape(x)[1]
    return try spatial(
      Convolution(window: window, groups: groups), x, constant(out, kernel, kernel, channels / groups), constant(out))
  }

  /// One random step of a CNN in the exporter's clothes.
  mutating func step(_ x: Graph.TensorID) throws -> Graph.TensorID {
    let channels = graph.shape(x)[1]
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return try convolution(x, out: 2 * Int.random(in: 1...12, using: &random), kernel: 1)
    case 1: return try convolution(x, out: 8, kernel: 3, stride: 1 + Int.random(in: 0...1, using: &random))
    case 2: return try add(Activate(.relu6), x)
    case 3:
      let scaled = try add(Binary(.multiply), x, constant(channels, 1, 1, range: 0.5...1.5))
      return try add(Binary(.add), scaled, constant(1, channels, 1, 1))
    case 4:
      // Squeeze and excite.
      let pooled = try spatial(GlobalAveragePool(), x)
      let gate = try add(Activate(Activation(.hardSigmoid, 1 / 6, 0.5)), convolution(pooled, out: channels, kernel: 1))
      return try add(Binary(.multiply), x, gate)
    case 5:
      let other = try convolution(x, out: channels, kernel: 3)
      return try add(Binary(.add), other, x)
    case 6 where channels % 2 == 0:
      // Channel shuffle.
      let shape = graph.shape(x)
      var five = Shape(1, 2, channels / 2, shape[2])
      five.append(shape[3])
      var swap = Permutation(rank: 5)
      (swap[1], swap[2]) = (2, 1)
      let split = try add(Reshape(five), x)
      let shuffled = try add(Transpose(swap), split)
      return try add(Reshape(shape), shuffled)
    case 7:
      let gate = try add(Activate(Activation(.sigmoid)), x)
      return try add(Binary(.multiply), x, gate)
    case 8: return try add(Concatenate(axis: 1), x, convolution(x, out: 4, kernel: 1))
    case 9 where channels > 2: return try add(Slice(axis: 1, start: 1, step: 1, extent: channels - 2), x)
    case 10:
      var pad = Pad(rank: 4, value: 0.25)
      (pad.before[2], pad.after[3]) = (1, 1)
      return try add(pad, x)
    default: return try add(Softmax(axis: 1), x)
    }
  }
}

@Suite struct PassesTests {
  @Test("Passes keep the network's results", arguments: 0..<60)
  func passesKeepResults(seed: Int) throws {
    var maker = GraphMaker(seed: UInt64(seed))
    let image = maker.graph.addInput("x", TensorType(.float32, Shape(1, 9, 7, 6)))
    var x = try maker.add(Transpose(GraphMaker.toNCHW), image)
    for _ in 0..<Int.random(in: 2...9, using: &maker.random) { x = try maker.step(x) }
    if seed % 3 == 0 {
      x = try maker.spatial(GlobalAveragePool(), x)
      x = try maker.add(Reshape(Shape(1, maker.graph.shape(x)[1])), x)
    }
    maker.graph.outputs = [x]
    let plain = maker.graph
    var optimized = plain
    optimized.optimize()
    let expected = try outputs(of: plain, seed: 7)[0], found = try outputs(of: optimized, seed: 7)[0]
    let largest = expected.map(abs).max() ?? 0
    let difference = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
    let operators = optimized.nodes.map { "\($0.kind)\(optimized.shape($0.outputs[0]))" }.joined(separator: " ")
    #expect(
      expected.count == found.count && difference <= 1e-5 * max(1, largest),
      "seed \(seed): difference \(difference) of \(largest); \(operators)")
    // What remains: the one before an NCHW output, and one for each channel shuffle.
    let shuffles = plain.nodes.filter { $0.outputs.contains { plain.shape($0).rank == 5 } && $0.kind == .transpose }.count
    #expect(optimized.nodes.filter { $0.kind == .transpose }.count <= 1 + shuffles, "seed \(seed): \(operators)")
  }

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
