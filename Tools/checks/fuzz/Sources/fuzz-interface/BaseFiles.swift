import HostRuntime
import ModelCompiler
import TinyNN

/// Small files that programs of calls begin with.
enum BaseFiles {
  /// A network of photos: two convolutions and a mean, its embedding of 8 values.
  static let encoder: [UInt8] = {
    do {
      var graph = Graph()
      let photo = graph.addInput("photo", TensorType(.float32, Shape(1, 8, 8, 3)))
      func weights(_ name: String, _ shape: Shape) -> Graph.TensorID {
        graph.addConstant(name, shape, (0..<shape.count).map { Float(($0 * 37) % 101) / 100 - 0.5 })
      }
      var window = Window(height: 3, width: 3)
      (window.strideY, window.strideX) = (2, 2)
      (window.padTop, window.padLeft, window.padBottom, window.padRight) = (1, 1, 1, 1)
      let first = try graph.add(
        Convolution(window: window, activation: .relu), name: "first",
        inputs: [photo, weights("w1", Shape(8, 3, 3, 3)), weights("b1", Shape(8))])
      let second = try graph.add(
        Convolution(window: Window(height: 1, width: 1)), name: "second",
        inputs: [first, weights("w2", Shape(8, 1, 1, 8)), weights("b2", Shape(8))])
      let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [second])
      graph.outputs = [try graph.add(Reshape(Shape(1, 8)), name: "embedding", inputs: [pooled])]
      var writer = graph.lowered()
      writer.add(
        .preprocessing,
        try Preprocessing(
          inputHeight: 8, inputWidth: 8, mean: SIMD3(repeating: 127.5), standardDeviation: SIMD3(repeating: 127.5)
        ).record)
      return writer.finish()
    } catch { fatalError("\(error)") }
  }()
}
