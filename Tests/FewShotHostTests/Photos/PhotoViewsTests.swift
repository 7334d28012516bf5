import HostRuntime
import ImageFiles
import ModelCompiler
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

struct PhotoViewsTests {
  /// An encoder whose embedding is the photo: ReLU of pixels from 0 to 1.
  private func encoder(side: Int) throws -> PhotoEncoder {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, Shape(1, side, side, 3)))
    graph.outputs = [try graph.add(Activate(.relu), name: "relu", inputs: [input])]
    var writer = graph.lowered()
    let preprocessing = try Preprocessing(inputHeight: side, inputWidth: side, standardDeviation: SIMD3(repeating: 255))
    var record = [UInt8](repeating: 0, count: Preprocessing.recordByteCount)
    var span = record.mutableSpan
    var bytes = span.mutableBytes
    try preprocessing.encode(into: &bytes)
    writer.add(.preprocessing, record)
    return try PhotoEncoder(ModelRunner(bytes: writer.finish()))
  }

  @Test func theFirstViewsAreThePhotoAndItsMirrorImage() throws {
    let side = 8
    let encoder = try encoder(side: side)
    var random = CounterRandom(seed: 4)
    let image = RGBImage(width: side, height: side, pixels: (0..<side * side * 3).map { _ in UInt8(random.next(below: 256)) })
    let photo = try encoder.embed(image)
    let views = try encoder.embed(image, views: Array(0..<View.averagedCount))
    #expect(views.count == View.averagedCount && views[0] == photo)
    for y in 0..<side {
      for x in 0..<side {
        for c in 0..<3 {
          let found = views[1][(y * side + x) * 3 + c], expected = photo[(y * side + side - 1 - x) * 3 + c]
          #expect(abs(found - expected) < 1e-6, "\(y), \(x), channel \(c): \(found), expected \(expected)")
        }
      }
    }
    for (index, view) in views.enumerated() {
      for other in views[..<index] { #expect(zip(view, other).contains { abs($0 - $1) > 0.01 }, "view \(index) is like another") }
      #expect(view.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
    let mean = try encoder.embed(image, views: 4)
    for column in mean.indices {
      let expected = (0..<4).reduce(0.0) { $0 + Double(views[$1][column]) } / 4
      #expect(abs(Double(mean[column]) - expected) < 1e-6)
    }
    #expect(try encoder.embed(image, views: 1) == photo)
  }
}
