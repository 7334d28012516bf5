import HostRuntime
import ModelCompiler
import Quantize
import TestSupport
import Testing
import TinyNN

/// A small float32 network with every operator that has an int8 form of its own arithmetic.
private func network() throws -> Graph {
  var random = SeededGenerator(seed: 21)
  var graph = Graph()
  func constant(_ shape: Shape, _ size: Float) -> Graph.TensorID {
    graph.addConstant("c", shape, (0..<shape.count).map { _ in Float.random(in: -size...size, using: &random) })
  }
  func window(_ kernel: Int, _ stride: Int) -> Window {
    var window = Window(height: kernel, width: kernel)
    (window.strideY, window.strideX) = (stride, stride)
    window.padTop = kernel / 2
    window.padLeft = kernel / 2
    window.padBottom = kernel / 2
    window.padRight = kernel / 2
    return window
  }
  let input = graph.addInput("x", TensorType(.float32, Shape(1, 29, 33, 3)))
  var x = try graph.add(
    Convolution(window: window(3, 2), activation: .relu6), name: "stem",
    inputs: [input, constant(Shape(20, 3, 3, 3), 0.5), constant(Shape(20), 0.5)])
  let expanded = try graph.add(
    Convolution(window: Window(height: 1, width: 1), activation: .relu), name: "expand",
    inputs: [x, constant(Shape(52, 1, 1, 20), 0.3), constant(Shape(52), 0.3)])
  let filtered = try graph.add(
    DepthwiseConvolution(window: window(3, 1), activation: .relu6), name: "filter",
    inputs: [expanded, constant(Shape(3, 3, 52), 0.4), constant(Shape(52), 0.2)])
  let projected = try graph.add(
    Convolution(window: Window(height: 1, width: 1)), name: "project",
    inputs: [filtered, constant(Shape(20, 1, 1, 52), 0.2), constant(Shape(20), 0.2)])
  x = try graph.add(Binary(.add), name: "residual", inputs: [x, projected])
  x = try graph.add(Pool(.maximum, window: window(3, 2)), name: "pool", inputs: [x])
  let side = try graph.add(
    Convolution(window: window(3, 1), activation: .relu), name: "side",
    inputs: [x, constant(Shape(12, 3, 3, 20), 0.2), constant(Shape(12), 0.1)])
  x = try graph.add(Concatenate(axis: 3), name: "join", inputs: [x, side])
  x = try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
  graph.outputs = [try graph.add(Reshape(Shape(1, 32)), name: "flatten", inputs: [x])]
  return graph
}

private func photo(_ seed: UInt64) -> [Float] {
  var random = SeededGenerator(seed: seed)
  return (0..<29 * 33 * 3).map { _ in Float.random(in: -1...1, using: &random) }
}

private func output(of bytes: [UInt8], _ photo: [Float], threads: Int = 1, kernels: Kernels? = nil) throws -> [Float] {
  let encoder = try ModelRunner(bytes: bytes, threads: threads, kernels: kernels)
  let input = encoder.session.input()
  for i in photo.indices { input.setValue(photo[i], at: i) }
  encoder.session.run()
  let output = encoder.session.output().floats
  return (0..<output.count).map { output[$0] }
}

private func cosine(_ a: [Float], _ b: [Float]) -> Double {
  func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
  return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}

@Suite struct QuantizedNetworkTests {
  @Test("In stripes of rows the int8 network keeps its bits", arguments: [0.8, 0.6])
  func stripesKeepBits(part: Double) throws {
    let whole = try network().quantized(CalibrationSet(inputs: (0..<4).map(photo)), .fast).graph
    var striped = whole
    let limit = Int(Double(whole.arenaByteCount) * part)
    let stages = striped.stripeRows(until: limit)
    #expect(
      !stages.isEmpty && striped.arenaByteCount <= limit,
      "\(whole.arenaByteCount) became \(striped.arenaByteCount), limit \(limit): \(stages)")
    let (a, b) = (try output(of: whole.lowered().finish(), photo(99)), try output(of: striped.lowered().finish(), photo(99)))
    #expect(a.map(\.bitPattern) == b.map(\.bitPattern), "\(stages)")
  }

  @Test("The int8 network is near the float one", arguments: [false, true])
  func staysNear(fast: Bool) throws {
    let float = try network()
    let quantized = try float.quantized(CalibrationSet(inputs: (0..<24).map(photo)), fast ? .fast : QuantizationOptions())
    #expect(quantized.floatNodes.isEmpty && quantized.graph.isQuantized)
    let (floatBytes, bytes) = (float.lowered().finish(), quantized.graph.lowered().finish())
    for seed: UInt64 in 100..<108 {
      let similarity = cosine(try output(of: floatBytes, photo(seed)), try output(of: bytes, photo(seed)))
      #expect(similarity > 0.999, "cosine \(similarity) on photo \(seed), fast \(fast)")
    }
    let (small, large) = (
      try ModelRunner(bytes: bytes).plan.activationByteCount, try ModelRunner(bytes: floatBytes).plan.activationByteCount
    )
    #expect(Double(small) < 0.4 * Double(large), "arena \(small) of \(large)")
  }

  @Test func everyKernelAndThreadCountGivesTheSameBits() throws {
    let quantized = try network().quantized(CalibrationSet(inputs: (0..<8).map(photo)), .fast)
    let bytes = quantized.graph.lowered().finish()
    let expected = try output(of: bytes, photo(7), kernels: Kernels(instructionSet: .reference)).map(\.bitPattern)
    for raw in UInt8(0)...UInt8(16) {
      guard let set = InstructionSet(rawValue: raw), let kernels = Kernels(instructionSet: set) else { continue }
      for threads in 1...3 {
        #expect(
          try output(of: bytes, photo(7), threads: threads, kernels: kernels).map(\.bitPattern) == expected,
          "\(set), \(threads) threads")
      }
    }
  }

  /// A block as in a vision transformer: the sum before the normalisation stays float32, the dense layers do not.
  @Test func residualSumsOfTransformersStayFloat() throws {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    func constant(_ shape: Shape) -> Graph.TensorID {
      graph.addConstant("c", shape, (0..<shape.count).map { _ in Float.random(in: -0.4...0.4, using: &random) })
    }
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 6, 16)))
    let first = try graph.add(Dense(), name: "first", inputs: [x, constant(Shape(16, 16)), constant(Shape(16))])
    let second = try graph.add(
      Dense(activation: .relu6), name: "second", inputs: [first, constant(Shape(16, 16)), constant(Shape(16))])
    let sum = try graph.add(Binary(.add), name: "sum", inputs: [first, second])
    graph.outputs = [
      try graph.add(LayerNormalization(epsilon: 1e-5), name: "norm", inputs: [sum, constant(Shape(16)), constant(Shape(16))])
    ]
    let photos = (0..<16).map { _ in (0..<96).map { _ in Float.random(in: -2...2, using: &random) } }
    let quantized = try graph.quantized(CalibrationSet(inputs: photos), .fast)
    let types = quantized.graph.nodes.map { ($0.kind, quantized.graph.type($0.outputs[0]).elementType) }
    #expect(types.contains { $0 == .binary && $1 == .float32 } && !types.contains { $0 == .binary && $1 == .int8 }, "\(types)")
    #expect(types.filter { $0.0 == .dense && $0.1 == .int8 }.count == 2, "\(types)")
  }

  @Test func layersCanStayFloat() throws {
    var options = QuantizationOptions.fast
    options.floatNodes = ["filter"]
    let photos = CalibrationSet(inputs: (0..<4).map(photo))
    let quantized = try network().quantized(photos, options)
    #expect(quantized.floatNodes == ["filter"])
    #expect(quantized.graph.nodes.contains { $0.kind == .dequantize })
    options.floatNodes = ["no such layer"]
    #expect(throws: QuantizationError.self) { try network().quantized(photos, options) }
    #expect(throws: QuantizationError.noPhotos) { try network().quantized(CalibrationSet(inputs: []), .fast) }
  }
}
