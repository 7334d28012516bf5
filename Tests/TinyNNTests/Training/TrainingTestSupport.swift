import HostRuntime
import ModelCompiler
import TestSupport
import TinyNN

/// Builds small networks with random weights.
struct NetworkBuilder {
  var graph = Graph()
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func values(_ count: Int, _ size: Float) -> [Float] {
    (0..<count).map { _ in Float.random(in: -size...size, using: &random) }
  }

  mutating func constant(_ shape: Shape, _ size: Float) -> Graph.TensorID {
    graph.addConstant("c", shape, values(shape.count, size))
  }

  mutating func input(_ extents: Int...) -> Graph.TensorID { graph.addInput("x", TensorType(.float32, Shape(extents))) }

  mutating func convolution(
    _ x: Graph.TensorID, _ outputs: Int, _ window: Window, groups: Int = 1, activation: Activation = .none
  ) throws -> Graph.TensorID {
    let channels = graph.shape(x)[3] / groups
    let weights = constant(
      Shape(outputs, window.height, window.width, channels), 1 / Float(window.taps * channels).squareRoot() * 1.7)
    return try graph.add(
      Convolution(window: window, groups: groups, activation: activation), name: "conv",
      inputs: [x, weights, constant(Shape(outputs), 0.3)])
  }

  mutating func depthwise(_ x: Graph.TensorID, _ window: Window, activation: Activation = .none) throws -> Graph.TensorID {
    let channels = graph.shape(x)[3]
    let weights = constant(Shape(window.height, window.width, channels), 0.6)
    return try graph.add(
      DepthwiseConvolution(window: window, activation: activation), name: "depthwise",
      inputs: [x, weights, constant(Shape(channels), 0.3)])
  }

  mutating func dense(_ x: Graph.TensorID, _ outputs: Int, activation: Activation = .none) throws -> Graph.TensorID {
    let shape = graph.shape(x), depth = shape[shape.rank - 1]
    let weights = constant(Shape(outputs, depth), 1.7 / Float(depth).squareRoot())
    return try graph.add(Dense(activation: activation), name: "dense", inputs: [x, weights, constant(Shape(outputs), 0.3)])
  }

  /// Ends the network with the mean over the image, as encoders do.
  mutating func finish(_ x: Graph.TensorID) throws -> Graph {
    var x = x
    if graph.shape(x).rank == 4 {
      x = try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
      x = try graph.add(Reshape(Shape(1, graph.shape(x)[3])), name: "flatten", inputs: [x])
    }
    graph.outputs = [x]
    return graph
  }
}

func window(_ height: Int, _ width: Int, stride: Int = 1, dilation: Int = 1, pad: (Int, Int, Int, Int) = (0, 0, 0, 0)) -> Window {
  var window = Window(height: height, width: width)
  window.strideY = stride
  window.strideX = stride
  window.dilationY = dilation
  window.dilationX = dilation
  window.padTop = pad.0
  window.padLeft = pad.1
  window.padBottom = pad.2
  window.padRight = pad.3
  return window
}

/// A network that is trained from a cut, with a linear loss: the sum of coefficients times embedding values over the batch.
final class LinearLoss {
  let file: PatternedMemory
  let model: Model
  let trainer: Trainer
  var inputs: [Float]
  let coefficients: [Float]

  init(_ graph: Graph, _ options: TrainingOptions, seed: UInt64 = 5, kernels: Kernels? = nil) throws {
    file = PatternedMemory(copying: graph.lowered().finish())
    model = try Model(validating: file.region)
    trainer = try Trainer(model, options, kernels: kernels)
    var builder = NetworkBuilder(seed: seed)
    inputs = builder.values(trainer.plan.cutCount * options.batch, 1)
    coefficients = builder.values(trainer.session.embedding(0).count * options.batch, 1)
  }

  func loss() -> Double {
    fill()
    trainer.session.forward()
    let size = trainer.session.embedding(0).count
    var sum = 0.0
    for i in coefficients.indices { sum += Double(coefficients[i]) * Double(trainer.session.embedding(i / size)[i % size]) }
    return sum
  }

  func gradients() {
    _ = loss()
    let size = trainer.session.embedding(0).count
    for i in coefficients.indices { trainer.session.embeddingGradient(i / size)[i % size] = coefficients[i] }
    trainer.session.backward()
  }

  private func fill() {
    let count = trainer.plan.cutCount
    for i in inputs.indices { trainer.session.cut(i / count)[i % count] = inputs[i] }
  }
}
