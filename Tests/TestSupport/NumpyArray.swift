import Foundation

/// A float32 array of a .npy file, row-major.
public struct NumpyArray: Sendable {
  public var shape: [Int]
  public var values: [Float]

  public struct FormatError: Error, CustomStringConvertible {
    public let description: String
  }

  public init(shape: [Int], values: [Float]) {
    self.shape = shape
    self.values = values
  }

  public init(contentsOf file: URL) throws {
    let bytes = [UInt8](try Data(contentsOf: file))
    guard bytes.count > 10, Array(bytes[0..<6]) == [0x93] + Array("NUMPY".utf8), bytes[6] == 1 else {
      throw FormatError(description: "\(file.path) is no .npy file of version 1")
    }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
    else { throw FormatError(description: "\(file.path) is not row-major float32: \(header)") }
    shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let count = shape.reduce(1, *)
    guard bytes.count == start + 4 * count else {
      throw FormatError(description: "\(file.path) has \(bytes.count) bytes, shape \(shape) needs \(start + 4 * count)")
    }
    values = bytes.withUnsafeBytes { raw in (0..<count).map { raw.loadUnaligned(fromByteOffset: start + 4 * $0, as: Float.self) } }
  }

  /// An array [N, C, H, W] in the order [N, H, W, C].
  public var nhwcValues: [Float] {
    precondition(shape.count == 4)
    let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
    var result = [Float](repeating: 0, count: values.count)
    for image in 0..<n {
      for channel in 0..<c {
        for pixel in 0..<h * w { result[(image * h * w + pixel) * c + channel] = values[(image * c + channel) * h * w + pixel] }
      }
    }
    return result
  }
}
