import HostRuntime
import ModelCompiler
import TestSupport
import TinyNN

/// Runs a graph on a seeded input and returns all outputs.
func outputs(of graph: Graph, seed: UInt64, kernels: Kernels? = nil) throws -> [[Float]] {
  let encoder = try ModelRunner(bytes: graph.lowered().finish(), kernels: kernels)
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
    window.padTop = kernel / 2
    window.padLeft = kernel / 2
    window.padBottom = kernel / 2
    window.padRight = kernel / 2
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
