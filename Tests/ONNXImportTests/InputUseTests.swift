@testable import ONNXImport
import Testing

/// What the nodes behind an input say about it.
@Suite struct InputUseTests {
  private static func convolution(_ graph: inout SmallGraph, _ input: String, channels: Int = 3) {
    graph.weights("w", 4, channels, 3, 3)
    graph.node("Conv", [input, "w"], ["y"])
    graph.output("y")
  }

  @Test(arguments: [1, 3, 4])
  func openChannelsAreThoseOfTheConvolution(count: Int) throws {
    var graph = SmallGraph(open: [0: "batch_size", 1: "num_channels", 2: "height", 3: "width"])
    Self.convolution(&graph, "x", channels: count)
    #expect(try graph.imported(ImportOptions(inputSize: 8)).inputs[0].shape == [1, count, 8, 8])
  }

  @Test func openChannelsStandLastBehindATranspose() throws {
    var graph = SmallGraph(open: [0: "n", 1: "h", 2: "w", 3: "c"])
    graph.node("Transpose", ["x"], ["t"], ["perm": [0, 3, 1, 2]])
    Self.convolution(&graph, "t")
    let imported = try graph.imported(ImportOptions(inputSize: 8))
    #expect(imported.inputs[0].shape == [1, 8, 8, 3] && !imported.inputs[0].isStoredAsNHWC)
  }

  @Test func channelsThatNothingSaysAreRefused() throws {
    var graph = SmallGraph(open: [1: "c"])
    graph.node("Relu", ["x"], ["y"])
    graph.output("y")
    let error = #expect(throws: ONNXImportError.self) { try graph.imported() }
    #expect(error?.description.contains("dimension 1 of the input 'x' is open") == true)
  }

  /// A transpose before the first convolution decides, also where the image is not square.
  @Test func channelsLastNeedNoSquare() throws {
    var last = SmallGraph(input: [1, 6, 9, 3])
    last.node("Transpose", ["x"], ["t"], ["perm": [0, 3, 1, 2]])
    Self.convolution(&last, "t")
    let imported = try last.imported()
    #expect(!imported.inputs[0].isStoredAsNHWC && imported.graph.shape(imported.graph.inputs[0]).extents == [1, 6, 9, 3])

    var first = SmallGraph(input: [1, 6, 9, 3])
    first.weights("w", 4, 6, 3, 3)
    first.node("Conv", ["x", "w"], ["y"])
    first.output("y")
    #expect(try first.imported().inputs[0].isStoredAsNHWC)
  }

  private typealias Prelude = @Sendable (inout SmallGraph) -> Void

  private static func scaled(_ operations: [(String, Float)]) -> Prelude {
    { graph in
      var tensor = "x"
      for (index, (operation, value)) in operations.enumerated() {
        graph.constant("k\(index)", .floats([1, 3, 1, 1], [value, value, value]))
        graph.node(operation, [tensor, "k\(index)"], ["s\(index)"])
        tensor = "s\(index)"
      }
      convolution(&graph, tensor)
    }
  }

  private static let preludes: [String: (ExpectedPixels, Prelude)] = [
    "none": (.normalizedOutside, scaled([])),
    "mean and deviation of bytes": (.bytes, scaled([("Sub", 120), ("Div", 58)])),
    "scaled to 1": (.bytes, scaled([("Mul", 1 / 255)])),
    "scaled to 1 and normalised": (.bytes, scaled([("Div", 255), ("Sub", 0.45), ("Div", 0.22)])),
    "mean of bytes alone": (.bytes, scaled([("Sub", 104)])),
    "mean and deviation of units": (.unit, scaled([("Sub", 0.45), ("Div", 0.22)])),
    "-1 to 1 of units": (.unit, scaled([("Mul", 2), ("Sub", 1)])),
    "normalisation of a batch of bytes": (
      .bytes,
      { graph in
        for (name, value) in [("g", Float(1)), ("b", 0), ("m", 120), ("v", 3600)] {
          graph.constant(name, .floats([3], [value, value, value]))
        }
        graph.node("BatchNormalization", ["x", "g", "b", "m", "v"], ["n"])
        convolution(&graph, "n")
      }
    ),
  ]

  @Test(arguments: preludes.keys.sorted())
  func expectedPixelsFollowFromTheScale(name: String) throws {
    let (expected, prelude) = try #require(Self.preludes[name])
    var graph = SmallGraph()
    prelude(&graph)
    #expect(try graph.imported().expectedPixels == expected)
  }

  @Test func bytesComeAsTheyAre() throws {
    var graph = SmallGraph(type: .uint8)
    graph.node("Cast", ["x"], ["f"], ["to": [1]])
    Self.convolution(&graph, "f")
    #expect(try graph.imported().expectedPixels == .bytes)
  }
}

@Suite struct PixelNormalizationTests {
  private typealias Vector = SIMD3<Float>

  @Test func unitScalesAreThoseOfBytesTimes255() throws {
    let torch = try PixelNormalization(mean: Vector(0.485, 0.456, 0.406), standardDeviation: Vector(0.229, 0.224, 0.225))
    #expect(torch.wasUnitScale)
    #expect((torch.mean - Vector(123.675, 116.28, 103.53)).max() < 1e-4)
    #expect((torch.standardDeviation - Vector(58.395, 57.12, 57.375)).max() < 1e-4)
    let half = try PixelNormalization(mean: Vector(repeating: 0.5), standardDeviation: Vector(repeating: 0.5))
    #expect(half.mean == Vector(repeating: 127.5) && half.standardDeviation == Vector(repeating: 127.5))
  }

  @Test func oneOfTheTwoIsEnough() throws {
    let mean = try PixelNormalization(mean: Vector(repeating: 0.5), standardDeviation: nil)
    #expect(mean.mean == Vector(repeating: 127.5) && mean.standardDeviation == Vector(repeating: 255))
    let one = try PixelNormalization(mean: Vector(repeating: 0.5), standardDeviation: Vector(repeating: 1))
    #expect(one == mean)
    let deviation = try PixelNormalization(mean: nil, standardDeviation: Vector(repeating: 0.5))
    #expect(deviation.mean == Vector(repeating: 0) && deviation.standardDeviation == Vector(repeating: 127.5))
    let zero = try PixelNormalization(mean: Vector(repeating: 0), standardDeviation: Vector(repeating: 0.5))
    #expect(zero == deviation)
  }

  @Test(arguments: [(Float(127.5), Float(127.5)), (0, 255), (0, 1), (103.9, 1), (-1, 3), (127, 1.5)])
  func valuesOfBytesStay(mean: Float, deviation: Float) throws {
    let found = try PixelNormalization(mean: Vector(repeating: mean), standardDeviation: Vector(repeating: deviation))
    #expect(!found.wasUnitScale && found.mean == Vector(repeating: mean) && found.standardDeviation == Vector(repeating: deviation))
  }

  @Test(arguments: [(Float(0.485), Float(58.4)), (123.7, 0.229), (103.9, 0.017)])
  func mixedScalesAreRefused(mean: Float, deviation: Float) {
    #expect(throws: PixelNormalization.MixedScales.self) {
      try PixelNormalization(mean: Vector(repeating: mean), standardDeviation: Vector(repeating: deviation))
    }
  }

  @Test func defaultsAreOfBytes() throws {
    let preset = (mean: Vector(repeating: 120), standardDeviation: Vector(repeating: 58))
    let found = try PixelNormalization(mean: Vector(repeating: 0.5), standardDeviation: nil, defaults: preset)
    #expect(found.mean == Vector(repeating: 127.5) && found.standardDeviation == Vector(repeating: 58))
  }
}
