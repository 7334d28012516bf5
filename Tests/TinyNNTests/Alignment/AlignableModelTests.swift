import HostRuntime
import ModelCompiler
import Quantize
import TestSupport
import Testing
import TinyNN

/// A model in writable memory, beside its original, and the photos' worth of inputs that it runs on.
private final class Alignable {
  let file: PatternedMemory, copy: PatternedMemory, arena: PatternedMemory
  let original: Model
  let aligned: AlignableModel
  var session: Session
  let input: [Float]

  init(_ bytes: [UInt8]) throws {
    (file, copy) = (PatternedMemory(copying: bytes), PatternedMemory(copying: bytes))
    original = try Model(validating: file.region)
    aligned = try AlignableModel(copy.bytes)
    let plan = try InferencePlan(for: aligned.model, threads: 1)
    arena = PatternedMemory(byteCount: plan.arenaByteCount)
    session = try Session(aligned.model, plan, arena: arena.bytes)
    var builder = NetworkBuilder(seed: 4)
    input = builder.values(aligned.model.tensor(aligned.model.input(0)).type.shape.count, 1)
  }

  /// Real values of an operator's result.
  func result(of point: AlignmentPoint) -> [Float] {
    let tensor = session.input()
    for (i, value) in input.enumerated() { tensor.setValue(value, at: i) }
    session.run(until: point.operatorIndex + 1)
    let found = session.tensor(point.outputTensor)
    return (0..<found.shape.count).map(found.value(at:))
  }
}

@Suite struct AlignableModelTests {
  /// A strided, a grouped and a depthwise convolution with channel counts that leave panels half empty, each with an activation.
  private static func network(_ activation: Activation) throws -> Graph {
    var builder = NetworkBuilder(seed: 9)
    let around = (1, 1, 1, 1)
    var x = builder.input(1, 9, 7, 3)
    x = try builder.convolution(x, 18, window(3, 3, stride: 2, pad: around), activation: activation)
    x = try builder.convolution(x, 20, window(3, 3, pad: around), groups: 2, activation: activation)
    x = try builder.depthwise(x, window(3, 3, pad: around), activation: activation)
    return try builder.finish(try builder.convolution(x, 5, window(1, 1)))
  }

  private static func bytes(int8: Bool, _ activation: Activation = .relu6) throws -> [UInt8] {
    let graph = try network(activation)
    guard int8 else { return graph.lowered().finish() }
    var builder = NetworkBuilder(seed: 2)
    let photos = (0..<8).map { _ in builder.values(9 * 7 * 3, 1) }
    return try graph.quantized(CalibrationSet(inputs: photos), .fast).graph.lowered().finish()
  }

  @Test(arguments: [false, true]) func findsTheConvolutionsOfImages(int8: Bool) throws {
    let model = try Alignable(AlignableModelTests.bytes(int8: int8))
    let points = (0..<model.original.operatorCount).compactMap(model.aligned.point)
    #expect(points.map(\.channelCount) == [18, 20, 20, 5] && points.allSatisfy { $0.pixelCount == 20 }, "\(points)")
  }

  @Test(arguments: [false, true]) func exposesResultsBeforeTheActivation(int8: Bool) throws {
    let model = try Alignable(AlignableModelTests.bytes(int8: int8))
    for point in (0..<model.original.operatorCount).compactMap(model.aligned.point) {
      let plain = model.result(of: point)
      model.aligned.expose(point)
      let exposed = model.result(of: point)
      let step = model.aligned.model.tensor(point.outputTensor).quantization?.scale ?? 1e-6
      model.aligned.restore(point, from: model.original)
      let isLast = point.channelCount == 5
      #expect(isLast || exposed.contains { $0 < -0.5 }, "operator \(point.operatorIndex): nothing below zero")
      for (i, value) in exposed.enumerated() {
        let expected = isLast ? value : min(6, max(0, value))
        #expect(
          abs(expected - plain[i]) <= step,
          "operator \(point.operatorIndex), element \(i): \(value) before, \(plain[i]) behind the activation, step \(step)")
      }
    }
    #expect((0..<model.file.region.count).allSatisfy { model.file.bytes[$0] == model.copy.bytes[$0] }, "restore left a change")
  }

  @Test(arguments: [false, true]) func foldsAFactorAndAnAddendPerChannel(int8: Bool) throws {
    let model = try Alignable(AlignableModelTests.bytes(int8: int8, .none))
    for point in (0..<model.original.operatorCount).compactMap(model.aligned.point) {
      let before = model.result(of: point)
      func change(_ channel: Int) -> (factor: Float, addend: Float) { (0.5 + 0.02 * Float(channel), channel % 3 == 0 ? -0.2 : 0.1) }
      for channel in 0..<point.channelCount {
        model.aligned.fold(point, channel: channel, factor: change(channel).factor, addend: change(channel).addend)
      }
      let after = model.result(of: point)
      let map = model.original.tensor(point.outputTensor).quantization
      for (i, value) in after.enumerated() {
        let (factor, addend) = change(i % point.channelCount)
        var expected = factor * before[i] + addend
        if let map { expected = min(map.dequantize(127), max(map.dequantize(-128), expected)) }
        #expect(
          abs(value - expected) <= (map?.scale ?? 1e-5) * 1.01,
          "operator \(point.operatorIndex), element \(i): \(value), expected \(expected)")
      }
    }
    model.aligned.seal()
    #expect(throws: Never.self) { try Model(validating: model.copy.region) }
  }

  @Test func momentsAreThoseOfAllPixels() throws {
    let model = try Alignable(AlignableModelTests.bytes(int8: false))
    let point = try #require(model.aligned.point(0))
    let values = model.result(of: point)
    let memory = PatternedMemory(byteCount: 8 * ChannelMoments.valueCount(channels: point.channelCount))
    var moments = ChannelMoments(Elements(memory.bytes.baseAddress!, count: memory.bytes.count / 8), channels: point.channelCount)
    for _ in 0..<3 { moments.add(model.session.tensor(point.outputTensor)) }
    for channel in 0..<point.channelCount {
      let own = stride(from: channel, to: values.count, by: point.channelCount).map { Double(values[$0]) }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
      #expect(abs(moments.mean(channel) - mean) < 1e-9 && abs(moments.variance(channel) - variance) < 1e-9, "channel \(channel)")
    }
    #expect(moments.photoCount == 3)
    withExtendedLifetime(memory) {}
  }
}
