import HostRuntime
import ModelCompiler
import TinyNN

/// Networks small enough to compute by hand.
enum SmallModels {
  /// A pointwise convolution of an image [1, 2, 3, 4] (NCHW) to three channels with ReLU, its result as NCHW again.
  struct Pointwise {
    static let inputShape = [1, 2, 3, 4]
    static let outputShape = [1, 3, 3, 4]
    static let weights: [Float] = [1, -2, 0.5, 0.25, -1, 3]
    static let bias: [Float] = [0.5, -1, 0]

    static let input = NPYArray(shape: inputShape, values: (0..<24).map { Float(($0 * 7) % 24) - 11 })

    /// Computed in NCHW, without anything of the runtime.
    static var expected: NPYArray {
      var values: [Float] = []
      for channel in 0..<3 {
        for pixel in 0..<12 {
          let sum = bias[channel] + weights[2 * channel] * input.values[pixel] + weights[2 * channel + 1] * input.values[12 + pixel]
          values.append(max(0, sum))
        }
      }
      return NPYArray(shape: outputShape, values: values)
    }

    static func file(adding sections: [(SectionKind, [UInt8])] = []) throws -> [UInt8] {
      var graph = Graph()
      let image = graph.addInput("image", TensorType(.float32, Shape(1, 3, 4, 2)))
      let convolved = try graph.add(
        Convolution(window: Window(height: 1, width: 1), activation: .relu), name: "pointwise <1>",
        inputs: [
          image, graph.addConstant("weights", Shape(3, 1, 1, 2), weights), graph.addConstant("bias", Shape(3), bias),
        ])
      graph.outputs = [try graph.add(Transpose(Permutation(0, 3, 1, 2)), name: "to NCHW", inputs: [convolved])]
      var writer = graph.lowered()
      for (kind, bytes) in sections { writer.add(kind, bytes) }
      return writer.finish()
    }
  }

  /// Two inputs [1, 4] and two outputs: their sum and their difference.
  static func sumAndDifference() throws -> [UInt8] {
    var graph = Graph()
    let left = graph.addInput("left", TensorType(.float32, Shape(1, 4)))
    let right = graph.addInput("right", TensorType(.float32, Shape(1, 4)))
    graph.outputs = [
      try graph.add(Binary(.add), name: "sum", inputs: [left, right]),
      try graph.add(Binary(.subtract), name: "difference", inputs: [left, right]),
    ]
    return graph.lowered().finish()
  }

  /// A photo encoder: 3x3 convolution to 8 channels at half the size, global average, [1, 8] embedding.
  static func encoder(size: Int = 32, adding sections: [(SectionKind, [UInt8])] = []) throws -> [UInt8] {
    var graph = Graph()
    let image = graph.addInput("photo", TensorType(.float32, Shape(1, size, size, 3)))
    var window = Window(height: 3, width: 3)
    (window.strideY, window.strideX) = (2, 2)
    window.padTop = 1
    window.padLeft = 1
    window.padBottom = 1
    window.padRight = 1
    let weights: [Float] = (0..<8 * 27).map { index in
      let step = Float((index * 37) % 101)
      return step * 0.01 - 0.5
    }
    let convolved = try graph.add(
      Convolution(window: window, activation: .relu), name: "stem",
      inputs: [
        image, graph.addConstant("w", Shape(8, 3, 3, 3), weights),
        graph.addConstant("b", Shape(8), [Float](repeating: 0.1, count: 8)),
      ])
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [convolved])
    graph.outputs = [try graph.add(Reshape(Shape(1, 8)), name: "embedding", inputs: [pooled])]
    var writer = graph.lowered()
    for (kind, bytes) in sections { writer.add(kind, bytes) }
    return writer.finish()
  }
}

extension AlignedMemory {
  /// Opens a file that is only needed during the call.
  static func using<Result>(_ file: [UInt8], _ body: (Model) throws -> Result) throws -> Result {
    let memory = AlignedMemory(copying: file)
    return try withExtendedLifetime(memory) { try body(Model(validating: memory.bytes)) }
  }
}
