import FewShot
import FewShotHost
import ModelCompiler
import TestSupport
import TinyNN

/// Small photos of single colours, and an encoder that tells them apart.
package enum TestPhotos {
  package static let colours: [String: (UInt8, UInt8, UInt8)] = [
    "red": (220, 30, 20), "green": (30, 200, 40), "blue": (20, 40, 230), "white": (240, 240, 240),
    // Hardly different, for tests in which the camera matters more than the class.
    "reddish": (146, 120, 120), "greenish": (120, 146, 120), "bluish": (120, 120, 146),
  ]

  /// A PPM photo of one colour with noise; each `number` is another photo.
  package static func ppm(_ colour: String, _ number: Int, width: Int = 40, height: Int = 36) -> [UInt8] {
    let (red, green, blue) = colours[colour]!
    var random = CounterRandom(seed: UInt64(red) << 16 | UInt64(green) << 8 | UInt64(blue), stream: UInt64(number))
    var bytes = Array("P6\n\(width) \(height)\n255\n".utf8)
    for _ in 0..<width * height {
      for value in [red, green, blue] { bytes.append(UInt8(max(0, min(255, Int(value) + random.next(below: 61) - 30)))) }
    }
    return bytes
  }

  /// A PPM photo of one grey, with noise of 0 ..< `noise` on top.
  package static func plain(_ value: UInt8, width: Int = 40, height: Int = 36, noise: Int = 1) -> [UInt8] {
    var random = CounterRandom(seed: 7, stream: UInt64(width))
    let values = (0..<width * height * 3).map { _ in value + UInt8(random.next(below: noise)) }
    return Array("P6\n\(width) \(height)\n255\n".utf8) + values
  }

  /// Three convolutions with random weights, and preprocessing of photos.
  /// - Parameter gain: of the weights of the last: with 0 all photos have the same embedding.
  package static func threeLayers(seed: UInt64 = 8, size: Int = 32, gain: Float = 1) throws -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var graph = Graph()
    func constant(_ shape: Shape, _ size: Float) -> Graph.TensorID {
      graph.addConstant("c", shape, (0..<shape.count).map { _ in Float.random(in: -size...size, using: &random) })
    }
    var x = graph.addInput("x", TensorType(.float32, Shape(1, size, size, 3)))
    for (name, inputs, outputs, side) in [("stem", 3, 8, 3), ("hidden", 8, 20, 1), ("last", 20, 10, 1)] {
      var window = Window(height: side, width: side)
      (window.strideY, window.strideX) = (side == 3 ? 2 : 1, side == 3 ? 2 : 1)
      x = try graph.add(
        Convolution(window: window, activation: name == "last" ? .none : .relu6), name: name,
        inputs: [x, constant(Shape(outputs, side, side, inputs), name == "last" ? 0.6 * gain : 0.6), constant(Shape(outputs), 0.2)])
    }
    x = try graph.add(GlobalAveragePool(), name: "mean", inputs: [x])
    graph.outputs = [try graph.add(Reshape(Shape(1, 10)), name: "flatten", inputs: [x])]
    var writer = graph.lowered()
    writer.add(
      .preprocessing,
      try Preprocessing(
        inputHeight: size, inputWidth: size, mean: SIMD3(repeating: 127.5), standardDeviation: SIMD3(repeating: 127.5)
      ).record)
    return writer.finish()
  }

  /// Writes photos `numbers` of each colour to a folder of its own in `folder`, each value v as factor v.
  package static func classes(
    _ colours: [String], in folder: TemporaryFolder, numbers: Range<Int> = 0..<4, factor: Double = 1
  ) throws -> [PhotoFolder] {
    try colours.map { colour in
      PhotoFolder(
        name: colour,
        photos: try numbers.map { number in
          var bytes = ppm(colour, number)
          // Behind the header, which is text.
          for i in (bytes.count - 40 * 36 * 3)..<bytes.count { bytes[i] = UInt8(min(255, Double(bytes[i]) * factor)) }
          return try folder.write(bytes, to: "\(colour)-\(factor)-\(number).ppm")
        })
    }
  }
}
