import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

@testable import Quantize

/// Layers whose channels differ a hundredfold, as trained depthwise networks have them.
private func unevenNetwork(_ activation: Activation = .relu) throws -> Graph {
  var random = SeededGenerator(seed: 5)
  var graph = Graph()
  func constant(_ shape: Shape, _ size: Float, channels: Int) -> Graph.TensorID {
    let values = (0..<shape.count).map { index -> Float in
      let uneven: Float = index % channels % 5 == 0 ? 0.02 : 1
      return Float.random(in: -size...size, using: &random) * uneven
    }
    return graph.addConstant("c", shape, values)
  }
  var window = Window(height: 3, width: 3)
  window.padTop = 1
  window.padLeft = 1
  window.padBottom = 1
  window.padRight = 1
  let x = graph.addInput("x", TensorType(.float32, Shape(1, 12, 12, 3)))
  let a = try graph.add(
    Convolution(window: window, activation: activation), name: "stem",
    inputs: [x, constant(Shape(24, 3, 3, 3), 0.3, channels: 648), constant(Shape(24), 0.1, channels: 24)])
  let b = try graph.add(
    DepthwiseConvolution(window: window, activation: activation), name: "filter",
    inputs: [a, constant(Shape(3, 3, 24), 0.4, channels: 24), constant(Shape(24), 0.1, channels: 24)])
  let c = try graph.add(
    Convolution(window: Window(height: 1, width: 1)), name: "project",
    inputs: [b, constant(Shape(16, 1, 1, 24), 0.4, channels: 384), constant(Shape(16), 0.1, channels: 16)])
  let d = try graph.add(GlobalAveragePool(), name: "pool", inputs: [c])
  graph.outputs = [try graph.add(Reshape(Shape(1, 16)), name: "embedding", inputs: [d])]
  return graph
}

private func photos(_ count: Int, from first: UInt64 = 0, size: Float = 1) -> CalibrationSet {
  CalibrationSet(
    inputs: (0..<count).map { number in
      var random = SeededGenerator(seed: first + UInt64(number))
      return (0..<432).map { _ in Float.random(in: -size...size, using: &random) }
    })
}

@Suite struct CrossLayerEqualizationTests {
  @Test("The float network stays the same function; the ranges of both sides become equal")
  func sameFunction() throws {
    let graph = try unevenNetwork(), set = photos(6)
    var equalized = graph
    #expect(equalized.equalizeLayers([:]) == 2)
    for photo in set.inputs {
      let a = try run(graph, [photo])[0], b = try run(equalized, [photo])[0]
      #expect(relativeDifference(b, a) < 1e-5, "\(relativeDifference(b, a))")
    }
    func ranges(_ graph: Graph) -> [(Float, Float)] {
      let first = graph.floats(graph.nodes[1].inputs[1])!, second = graph.floats(graph.nodes[2].inputs[1])!
      return (0..<24).map { channel in
        (
          stride(from: channel, to: first.count, by: 24).map { abs(first[$0]) }.max()!,
          stride(from: channel, to: second.count, by: 24).map { abs(second[$0]) }.max()!
        )
      }
    }
    #expect(ranges(graph).contains { $0 / $1 < 0.2 || $0 / $1 > 5 })
    for (channel, pair) in ranges(equalized).enumerated() {
      #expect(abs(pair.0 / pair.1 - 1) < 0.05, "channel \(channel): \(pair)")
    }
  }

  @Test("ReLU6 is crossed only if it never cut")
  func bounded() throws {
    let graph = try unevenNetwork(.relu6).preparedForQuantization()
    for (size, expected) in [(Float(0.5), 2), (200, 0)] {
      let set = photos(4, size: size)
      var equalized = graph
      #expect(equalized.equalizeLayers(try set.statistics(of: graph)) == expected, "inputs up to \(size)")
      for photo in set.inputs {
        let a = try run(graph, [photo])[0], b = try run(equalized, [photo])[0]
        #expect(relativeDifference(b, a) < 1e-5, "inputs up to \(size): \(relativeDifference(b, a))")
      }
    }
  }
}

@Suite struct AdaptiveRoundingTests {
  @Test("Every layer's results are nearer on photos that the rounding has not seen")
  func heldOut() throws {
    let graph = try unevenNetwork().preparedForQuantization()
    let fit = photos(24), held = photos(8, from: 1000)
    let ranges = GraphRanges(graph, try fit.statistics(of: graph), methods: [.minMax])
    var lowering = Int8Lowering(source: graph, maps: ranges.maps, floatNodes: [])
    let outcomes = try lowering.adaptRounding(Array(graph.nodes.indices), fit: fit, held: held, centred: false) { _, _ in }
    #expect(outcomes.map(\.node) == [0, 1, 2])
    // The filter's few taps see white noise, for which the nearest rounding is the best one.
    #expect(outcomes[2].after < 0.8 * outcomes[2].before, "\(outcomes)")
    #expect(outcomes.allSatisfy { $0.after < 1.1 * $0.before }, "\(outcomes)")
    for (node, weights) in lowering.roundedWeights {
      let nearest = lowering.nearestWeights(node, inputScale: ranges.maps[graph.nodes[node].inputs[0]]!.scale)
      #expect(weights.scales == nearest.scales)
      #expect(zip(weights.values, nearest.values).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
      #expect(zip(weights.values, nearest.values).contains { $0 != $1 })
    }
  }

  @Test("With few weights it is near the best of all roundings")
  func exhaustive() {
    var random = SeededGenerator(seed: 9)
    var worse = 0
    for _ in 0..<50 {
      let count = 8
      var moments = InputMoments(count: count)
      for _ in 0..<40 {
        let common = Float.random(in: 0...1, using: &random)
        let patch = (0..<count).map { _ in common + Float.random(in: 0...0.3, using: &random) }
        patch.withUnsafeBufferPointer { moments.add($0) }
      }
      let problem = AdaptiveRounding(moments: moments.matrix(centred: false), count: count)
      let weights = (0..<count).map { _ in Float.random(in: -100...100, using: &random) }
      func cost(_ q: [Float]) -> Double { problem.error(zip(weights, q).map { $0 - $1 }) }
      let best = (0..<1 << count).map { bits in
        cost((0..<count).map { (bits >> $0) & 1 == 0 ? weights[$0].rounded(.down) : weights[$0].rounded(.up) })
      }.min()!
      let nearest = cost(weights.map { $0.rounded(.toNearestOrEven) }), found = cost(problem.rounded(weights))
      #expect(found <= nearest * 1.001 && found >= best * 0.999, "\(best) <= \(found) <= \(nearest)")
      if found > 0.5 * nearest + best { worse += 1 }
    }
    #expect(worse <= 10, "\(worse) of 50 far from the best")
  }
}

@Suite struct BiasCorrectionTests {
  @Test("Means of the int8 network's layers come nearer to the float ones")
  func empirical() throws {
    let graph = try unevenNetwork().preparedForQuantization(), set = photos(16)
    let statistics = try set.statistics(of: graph)
    // A narrow range cuts off the largest values, which shifts means.
    var lowering = Int8Lowering(source: graph, maps: try narrowed(graph, statistics), floatNodes: [])
    func distance() throws -> Double {
      let (a, b) = (try set.embeddings(of: graph), try set.embeddings(of: lowering.lowered().graph))
      return (0..<16).reduce(0) { sum, i in
        let shift = zip(a, b).reduce(0) { $0 + Double($1.0[i] - $1.1[i]) } / Double(a.count)
        return sum + shift * shift
      }
    }
    let before = try distance()
    try lowering.correctBiasesEmpirically(set) { _, _ in }
    let after = try distance()
    #expect(after < 0.1 * before, "\(before) -> \(after)")
  }

  private func narrowed(_ graph: Graph, _ statistics: [Graph.TensorID: TensorStatistics]) throws -> [Graph.TensorID: Quantization] {
    var maps = GraphRanges(graph, statistics, methods: [.minMax]).maps
    for node in graph.nodes.prefix(2) {
      let seen = statistics[node.outputs[0]]!
      maps[node.outputs[0]] = Quantization(minimum: seen.minimum, maximum: 0.4 * seen.maximum)
    }
    return maps
  }
}

@Suite struct CorrectionSearchTests {
  @Test("What is kept has lowered the held-out loss, what is not has not")
  func decisions() throws {
    let report = try unevenNetwork().quantized(photos(16)).report
    #expect(
      report.corrections.map(\.kind) == [.crossLayerEqualization, .biasCorrection, .adaptiveRounding, .empiricalBiasCorrection])
    var loss = report.corrections[0].lossBefore
    for correction in report.corrections {
      #expect(correction.lossBefore == loss)
      if correction.isKept { loss = correction.lossAfter }
      #expect(!correction.isKept || correction.lossAfter < correction.lossBefore, "\(correction)")
    }
    #expect(try unevenNetwork().quantized(photos(4), .fast).report.corrections.isEmpty)
  }

  @Test func theSamePhotosGiveTheSameBytes() throws {
    let files = try (0..<2).map { _ in try unevenNetwork().quantized(photos(12)).graph.lowered().finish() }
    #expect(
      files[0].count == files[1].count
        && Checksum.ofFile(AlignedMemory(copying: files[0]).bytes) == Checksum.ofFile(AlignedMemory(copying: files[1]).bytes))
    let threads = try unevenNetwork().quantized(CalibrationSet(inputs: photos(12).inputs, threads: 2)).graph.lowered().finish()
    #expect(files[0].elementsEqual(threads))
  }
}

@Suite struct AccuracyEstimateTests {
  /// Six clouds of ten points.
  private func clouds(noise: Float, seed: UInt64) -> [[Float]] {
    var random = SeededGenerator(seed: 1), other = SeededGenerator(seed: seed)
    return (0..<60).map { point in
      (0..<16).map { i in
        let centre: Float = (i + point / 10 * 5) % 16 < 4 ? 1 : 0
        return centre + Float.random(in: -0.5...0.5, using: &random) + Float.random(in: -1...1, using: &other) * noise
      }
    }
  }

  @Test func nothingLostForTheSameEmbeddingsAndMoreForMoreNoise() {
    let float = clouds(noise: 0, seed: 2)
    let estimate = AccuracyEstimate(float)
    #expect(estimate.loss(float) == 0)
    #expect(estimate.loss(float.map { $0.map { 3 * $0 } }) == 0)
    let losses = [0.05, 0.3, 1, 4].map { estimate.loss(clouds(noise: $0, seed: 2)) }
    #expect(losses == losses.sorted() && losses[0] < 1 && losses[3] > 10 && losses[3] <= 100, "\(losses)")
  }
}
