import Foundation
import ImageFiles
import Testing

/// A file of Tests/Golden/images and the pixels it must give.
struct ImageFixture: CustomTestStringConvertible, Sendable {
  let path: String
  let bytes: [UInt8]
  let height: Int
  let width: Int
  let pixels: [UInt8]

  var name: String { URL(fileURLWithPath: path).lastPathComponent }
  var testDescription: String { name }

  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden/images")

  static let all: [ImageFixture] = {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension != "npy" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { try! ImageFixture($0) }
  }()

  static func named(_ name: String) -> ImageFixture {
    guard let fixture = all.first(where: { $0.name == name }) else {
      fatalError("\(folder.path) has no \(name): run Tools/golden/images.py")
    }
    return fixture
  }

  private init(_ file: URL) throws {
    path = file.path
    bytes = [UInt8](try Data(contentsOf: file))
    let array = [UInt8](try Data(contentsOf: file.deletingPathExtension().appendingPathExtension("npy")))
    let headerCount = Int(array[8]) + 256 * Int(array[9])
    let header = String(decoding: array[10..<10 + headerCount], as: UTF8.self)
    precondition(header.contains("'|u1'") && header.contains("False"), "\(file.path): not uint8 in C order")
    let shape = header.split(separator: "(")[1].split(separator: ")")[0]
      .split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces))! }
    (height, width) = (shape[0], shape[1])
    pixels = Array(array[(10 + headerCount)...])
  }
}

/// The largest difference between two images' values, or nil when their sizes differ.
func largestDifference(_ left: [UInt8], _ right: [UInt8]) -> Int? {
  guard left.count == right.count else { return nil }
  return zip(left, right).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

/// How two pixel arrays differ, in a line, or nil when they are equal. `#expect(left == right)` would look for the
/// shortest edit between them, which takes minutes.
func difference(_ left: [UInt8], _ right: [UInt8]) -> String? {
  guard left.count == right.count else { return "\(left.count) values instead of \(right.count)" }
  let differing = left.indices.filter { left[$0] != right[$0] }
  guard let first = differing.first else { return nil }
  return "\(differing.count) values differ, first \(left[first]) instead of \(right[first]) at \(first)"
}

/// The error of `body`, or nil when it succeeds.
func imageError(_ body: () throws(ImageFileError) -> RGBImage) -> ImageFileError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// A file in the temporary folder that is removed with the value.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8], suffix: String = "") throws {
    path = FileManager.default.temporaryDirectory.appending(path: "edgessl-\(UUID().uuidString)\(suffix)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
