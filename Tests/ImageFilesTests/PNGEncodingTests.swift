import Testing

@testable import ImageFiles

@Suite struct PNGEncodingTests {
  @Test(arguments: [(1, 1), (3, 2), (64, 48), (257, 5)])
  func whatIsWrittenIsReadAgain(width: Int, height: Int) throws {
    let pixels = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ $0 / 7) }
    let image = RGBImage(width: width, height: height, pixels: pixels)
    #expect(try RGBImage(decoding: image.png()) == image, "\(width)x\(height)")
  }
}
