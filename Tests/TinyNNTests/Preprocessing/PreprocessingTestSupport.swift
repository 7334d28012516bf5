import Foundation
import ImageFiles
import Testing
import TinyNN

/// The settings of a golden case, as Tools/golden/preprocessing.py writes them.
struct PreprocessingSettings: Decodable, Sendable {
  let inputHeight: Int
  let inputWidth: Int
  let cropFraction: Float
  let interpolation: String

  func preprocessing() throws -> Preprocessing {
    try Preprocessing(
      inputHeight: inputHeight, inputWidth: inputWidth, cropFraction: cropFraction,
      interpolation: interpolation == "bicubic" ? .bicubic : .bilinear)
  }
}

let goldenFolder: URL = {
  var folder = URL(fileURLWithPath: #filePath)
  while folder.lastPathComponent != "Tests" { folder.deleteLastPathComponent() }
  return folder.appending(path: "Golden")
}()

/// uint8 values of a .npy file in C order.
func npyBytes(_ file: URL) throws -> [UInt8] {
  let bytes = [UInt8](try Data(contentsOf: file))
  let headerCount = Int(bytes[8]) + 256 * Int(bytes[9])
  let header = String(decoding: bytes[10..<10 + headerCount], as: UTF8.self)
  try #require(header.contains("'|u1'") && header.contains("False"), "\(file.path) is not uint8 in C order")
  return Array(bytes[(10 + headerCount)...])
}

/// How two tensors differ, in a line, or nil when they are equal. `#expect(left == right)` would look for the shortest
/// edit between them, which takes minutes.
func difference(_ left: [Float], _ right: [Float]) -> String? {
  guard left.count == right.count else { return "\(left.count) elements instead of \(right.count)" }
  let differing = left.indices.filter { left[$0] != right[$0] }
  guard let first = differing.first else { return nil }
  return "\(differing.count) elements differ, first \(left[first]) instead of \(right[first]) at \(first)"
}

/// A made-up photo: smooth in red, steps in green, noise in blue.
func syntheticPixels(height: Int, width: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<height * width * 3).map { index in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let (pixel, channel) = index.quotientAndRemainder(dividingBy: 3)
    let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
    return switch channel {
    case 0: UInt8(truncatingIfNeeded: row * 255 / height)
    case 1: column / 5 % 2 == 0 ? 250 : 3
    default: UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}

/// Lends `body` memory that is full of garbage and starts `offset` bytes after a multiple of 4.
func withScratch<Result>(
  _ byteCount: Int, offset: Int = 0,
  _ body: (inout MutableRawSpan) throws(PreprocessingError) -> Result
) throws(PreprocessingError) -> Result {
  var words = [UInt32](repeating: 0xDEAD_BEEF, count: (offset + byteCount + 3) / 4)
  var span = words.mutableSpan
  // A UInt32 has no padding bytes.
  var bytes = unsafe span.mutableBytes
  var part = bytes._mutatingExtracting(offset..<offset + byteCount)
  return try body(&part)
}

extension Preprocessing {
  func tensor(
    _ pixels: [UInt8], _ photo: PhotoSize, rowStride: Int? = nil, scratchByteCount: Int? = nil, scratchOffset: Int = 0,
    outputCount: Int? = nil
  ) throws(PreprocessingError) -> [Float] {
    let byteCount = if let scratchByteCount { scratchByteCount } else { try self.scratchByteCount(photo: photo) }
    return try withScratch(byteCount, offset: scratchOffset) { scratch throws(PreprocessingError) in
      var output = [Float](repeating: .nan, count: outputCount ?? self.outputCount)
      var outputSpan = output.mutableSpan
      try run(
        pixels: pixels.span, photo: photo, rowStride: rowStride ?? 3 * photo.width, output: &outputSpan,
        scratch: &scratch)
      return output
    }
  }

  func record() throws(PreprocessingError) -> [UInt8] {
    try withScratch(Self.recordByteCount) { bytes throws(PreprocessingError) in
      try encode(into: &bytes)
      return bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  init(recordBytes: [UInt8]) throws(PreprocessingError) {
    // A UInt8 has no padding bytes.
    try self.init(record: unsafe recordBytes.span.bytes)
  }
}
