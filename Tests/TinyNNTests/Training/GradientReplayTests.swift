import FewShot
import Foundation
import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// What PyTorch computed in ten steps (Tools/golden/training.py).
private struct TrainingCase: Decodable {
  struct Parameter: Decodable {
    let name: String
    let shape: [Int]
    var count: Int { shape.reduce(1, *) }
  }

  let optimizer: String
  let learningRate, momentum, weightDecay: Float
  let secondDecay, epsilon: Float?
  let temperature: Double
  let labels: [Int]
  let losses: [Double]
  let parameters: [Parameter]

  static func folder(_ name: String) -> URL { TestFolders.package.appending(path: "Tests/GoldenTraining/\(name)") }

  static func read(_ name: String) throws -> TrainingCase {
    try JSONDecoder().decode(TrainingCase.self, from: Data(contentsOf: folder(name).appending(path: "case.json")))
  }
}

/// The network of training.py with the case's weights, and a session that trains all of it.
private final class Replay {
  let recorded: TrainingCase
  let cut, prototypes: NumpyArray
  let initial, gradients, trained: [Float]
  let file: PatternedMemory
  let trainer: Trainer
  private let memory: AlignedMemory
  private let objective: Prototype

  init(_ name: String, kernels: Kernels? = nil) throws {
    func array(_ key: String) throws -> NumpyArray {
      try NumpyArray(contentsOf: TrainingCase.folder(name).appending(path: "\(key).npy"))
    }
    recorded = try TrainingCase.read(name)
    (cut, prototypes) = (try array("cut"), try array("prototypes"))
    initial = try array("initial").values
    gradients = try array("gradients").values
    trained = try array("final").values
    file = PatternedMemory(copying: try Replay.network(recorded, initial, input: cut.shape).lowered().finish())
    var options = TrainingOptions(firstOperator: 0, batch: cut.shape[0], optimizer: recorded.optimizer == "sgd" ? .sgd : .adam)
    options.keepsAverage = false
    trainer = try Trainer(Model(validating: file.region), options, kernels: kernels)
    let shape = ObjectiveShape(
      dimension: prototypes.shape[1], classCount: prototypes.shape[0], photoCount: cut.shape[0], rowCount: cut.shape[0])
    memory = AlignedMemory(byteCount: 4 * Prototype.memoryCount(shape))
    objective = try #require(Prototype(shape, memory: memory.floats))
    precondition(recorded.temperature == Double(Prototype.scale))
  }

  private static func network(_ recorded: TrainingCase, _ values: [Float], input: [Int]) throws -> Graph {
    var builder = NetworkBuilder(seed: 0)
    var (next, start) = (0, 0)
    func layer<O: Operator>(_ x: Graph.TensorID, _ instance: O) throws -> Graph.TensorID {
      var inputs = [x]
      for parameter in recorded.parameters[next..<next + 2] {
        inputs.append(
          builder.graph.addConstant(parameter.name, Shape(parameter.shape), Array(values[start..<start + parameter.count])))
        start += parameter.count
      }
      next += 2
      return try builder.graph.add(instance, name: recorded.parameters[next - 1].name, inputs: inputs)
    }
    if input.count == 3 {
      // Two blocks of a vision transformer and the class token.
      var x = builder.graph.addInput("x", TensorType(.float32, Shape(1, input[1], input[2])))
      func sum(_ a: Graph.TensorID, _ b: Graph.TensorID) throws -> Graph.TensorID {
        try builder.graph.add(Binary(.add), name: "sum", inputs: [a, b])
      }
      for _ in 0..<2 {
        let joined = try layer(layer(x, LayerNormalization(epsilon: 1e-6)), Dense())
        x = try sum(x, layer(builder.attended(joined, heads: 3), Dense()))
        let hidden = try layer(layer(x, LayerNormalization(epsilon: 1e-6)), Dense(activation: Activation(.gelu)))
        x = try sum(x, layer(hidden, Dense()))
      }
      let token = try builder.slice(layer(x, LayerNormalization(epsilon: 1e-6)), axis: 1, 0)
      return try builder.finish(builder.reshape(token, Shape(1, input[2])))
    }
    var graph: Graph {
      get { builder.graph }
      set { builder.graph = newValue }
    }
    let around = window(3, 3, pad: (1, 1, 1, 1)), hardSwish = Activation(.hardSwish)
    let x = graph.addInput("x", TensorType(.float32, Shape(1, input[1], input[2], input[3])))
    let stem = try layer(x, Convolution(window: around, activation: .relu6))
    let expanded = try layer(stem, Convolution(window: window(1, 1), activation: hardSwish))
    let filtered = try layer(expanded, DepthwiseConvolution(window: around, activation: .relu6))
    let sum = try graph.add(Binary(.add), name: "residual", inputs: [stem, layer(filtered, Convolution(window: window(1, 1)))])
    let reduced = try layer(sum, DepthwiseConvolution(window: window(5, 5, stride: 2, pad: (2, 2, 2, 2)), activation: hardSwish))
    let grouped = try layer(reduced, Convolution(window: around, groups: 2, activation: hardSwish))
    let mean = try graph.add(GlobalAveragePool(), name: "mean", inputs: [layer(grouped, Convolution(window: window(1, 1)))])
    graph.outputs = [try graph.add(Reshape(Shape(1, graph.shape(mean)[3])), name: "flatten", inputs: [mean])]
    return graph
  }

  /// Forward, the loss of the product's objective, backward.
  func gradientPass() -> Double {
    let batch = recorded.labels.count
    for example in 0..<batch {
      let values = trainer.session.cut(example)
      for i in 0..<values.count { values[i] = cut.values[example * values.count + i] }
    }
    trainer.session.forward()
    var rows = recorded.labels.map { ObjectiveRow(label: $0) }
    let loss = prototypes.values.withUnsafeBufferPointer { prototypes in
      rows.withUnsafeMutableBytes { rows in
        // All of this is used inside the closures only.
        objective.loss(
          ObjectiveBatch(
            rows: Elements(rows.baseAddress!, count: batch), embeddings: trainer.session.embeddings(0..<batch),
            gradients: trainer.session.embeddingGradients(0..<batch),
            prototypes: EmbeddingMatrix(
              prototypes.baseAddress!, count: self.prototypes.shape[0], dimension: self.prototypes.shape[1])))
      }
    }
    trainer.session.backward()
    return Double(loss)
  }

  func step() {
    var step = OptimizerStep(learningRate: recorded.learningRate, momentum: recorded.momentum, weightDecay: recorded.weightDecay)
    step.secondDecay = recorded.secondDecay ?? step.secondDecay
    step.epsilon = recorded.epsilon ?? step.epsilon
    trainer.session.step(step)
  }

  /// `values` of each parameter (weights or gradients of the session, unpacked) and where they begin in the recorded arrays.
  func eachParameter(
    _ packed: (_ index: Int, _ input: Int) -> Elements<Float>?, _ body: (TrainingCase.Parameter, Int, [Float]) -> Void
  ) {
    let model = trainer.session.model
    let operators = (0..<model.operatorCount).filter { trainer.session.weights(operator: $0, input: 1) != nil }
    var start = 0
    for (position, parameter) in recorded.parameters.enumerated() {
      let index = operators[position / 2], input = 1 + position % 2
      if let values = packed(index, input) { body(parameter, start, unpacked(values, position)) }
      start += parameter.count
    }
  }

  /// The order of the recorded arrays from the file's: panels of 16 outputs that start anew with each group; depthwise rows
  /// are padded to multiples of 16.
  private func unpacked(_ values: Elements<Float>, _ position: Int) -> [Float] {
    let parameter = recorded.parameters[position], weights = recorded.parameters[position & ~1]
    let groups = weights.name.hasPrefix("grouped") ? 2 : 1
    if weights.shape.count == 3 {
      let channels = weights.shape[2], padded = PanelPacking.padded(channels)
      return (0..<parameter.count).map { values[$0 / channels * padded + $0 % channels] }
    }
    if weights.shape.count == 1 { return (0..<parameter.count).map { values[$0] } }
    let columns = weights.shape[0] / groups
    let depth = position % 2 == 0 ? parameter.count / parameter.shape[0] : 1
    let packing = PanelPacking(columns: columns, depth: depth)
    return (0..<parameter.count).map { element in
      let (output, k) = (element / depth, element % depth)
      let (group, column) = (output / columns, output % columns)
      return values[
        group * packing.weightCount + column / PanelPacking.width * packing.panelStride + k * PanelPacking.width + column
          % PanelPacking.width]
    }
  }
}

@Suite struct GradientReplayTests {
  private static let cases = ["small_cnn_sgd", "small_cnn_adam", "small_vit_sgd", "small_vit_adam"]

  @Test("Ten steps follow PyTorch: every loss, every gradient of the first, the weights after the last", arguments: cases)
  func followsPyTorch(_ name: String) throws {
    let replay = try Replay(name)
    var compared = 0
    for (step, expected) in replay.recorded.losses.enumerated() {
      let loss = replay.gradientPass()
      #expect(abs(loss - expected) <= 2e-5 * max(1, expected), "\(name), step \(step): loss \(loss), PyTorch \(expected)")
      if step == 0 {
        compared = compare(name, replay, replay.gradients, within: 2e-5, "gradient") {
          replay.trainer.session.gradient(operator: $0, input: $1)
        }
      }
      replay.step()
    }
    #expect(
      replay.recorded.losses.count == 10 && compared == replay.gradients.count,
      "\(compared) of \(replay.gradients.count) gradients compared")
    let moved = zip(replay.initial, replay.trained).filter { $0 != $1 }.count
    #expect(moved > replay.initial.count * 9 / 10, "only \(moved) of \(replay.initial.count) weights moved in PyTorch")
    // Adam divides by the gradient's size: where that is near zero its direction is rounding.
    let tolerance: Float = replay.recorded.optimizer == "adam" ? 2e-4 : 2e-5
    #expect(
      compare(
        name, replay, replay.trained, within: tolerance, "weight after the last step",
        { replay.trainer.session.weights(operator: $0, input: $1) }) == replay.trained.count)
  }

  /// Counts the values compared. `tolerance`: as a part of the parameter's largest value.
  private func compare(
    _ name: String, _ replay: Replay, _ expected: [Float], within tolerance: Float, _ what: String,
    _ packed: (_ index: Int, _ input: Int) -> Elements<Float>?
  ) -> Int {
    var compared = 0
    replay.eachParameter(packed) { parameter, start, values in
      let recorded = expected[start..<start + parameter.count], largest = recorded.reduce(0) { max($0, $1.magnitude) }
      let gradients = replay.gradients[start..<start + parameter.count], steepest = gradients.reduce(0) { max($0, $1.magnitude) }
      // Where the gradient is nothing but rounding, as of the biases of keys before a softmax, Adam steps in any direction.
      let pairs = zip(zip(values, recorded), gradients).map { pair, slope in
        replay.recorded.optimizer == "adam" && slope.magnitude < 1e-4 * steepest ? (pair.1, pair.1) : pair
      }
      let left = gradients.filter { $0.magnitude < 1e-4 * steepest }.count
      #expect(left * 2 < parameter.count, "\(name): \(left) of \(parameter.count) elements of \(parameter.name) are left out")
      let worst = pairs.enumerated().max { abs($0.element.0 - $0.element.1) < abs($1.element.0 - $1.element.1) }!
      let difference = abs(worst.element.0 - worst.element.1)
      #expect(
        largest > 0 && difference <= tolerance * largest,
        """
        \(name), \(what) of \(parameter.name)\(parameter.shape) at \(worst.offset): \(worst.element.0), \
        PyTorch \(worst.element.1), largest \(largest)
        """
      )
      compared += values.count
    }
    return compared
  }

  @Test("Every instruction set replays the same bits", arguments: cases)
  func bitsDoNotDependOnKernels(_ name: String) throws {
    var expected: [(String, [UInt32])] = []
    var sets = 0
    for set in [InstructionSet.reference, .avx2, .avx512, .avxVNNI, .neon] {
      guard let kernels = Kernels(instructionSet: set) else { continue }
      let replay = try Replay(name, kernels: kernels)
      for _ in replay.recorded.losses {
        _ = replay.gradientPass()
        replay.step()
      }
      var bits: [(String, [UInt32])] = []
      replay.eachParameter({ replay.trainer.session.weights(operator: $0, input: $1) }) { parameter, _, values in
        bits.append((parameter.name, values.map(\.bitPattern)))
      }
      if expected.isEmpty { expected = bits }
      for ((name, actual), (_, reference)) in zip(bits, expected) {
        let different = zip(actual, reference).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        #expect(
          different == nil, "\(set): \(name) differs from the reference kernels' at element \(different ?? -1) after ten steps")
      }
      sets += 1
    }
    #expect(sets >= 2, "this machine has no instruction set to compare with the reference")
  }
}
