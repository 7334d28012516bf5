import Foundation
import ModelCompiler
import TestSupport
import Testing
import TinyNN

/// Files that ask for more memory than there is: refused, and nothing else is lost.
@Suite struct MemoryLimitTests {
  private static let limit = "ulimit -v 300000"
  private static let side = 14000

  let fixtures: PhotoFixtures
  let task: String

  init() throws {
    fixtures = try PhotoFixtures()
    task = try fixtures.makeTask()
  }

  private static func png(depth: UInt8, colour: UInt8, interlaced: Bool) -> [UInt8] {
    let size: [UInt8] = [0, 0, UInt8(side >> 8), UInt8(side & 255)]
    func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(kind.utf8) + data
      var remainder: UInt32 = 0xFFFF_FFFF
      for byte in body {
        remainder ^= UInt32(byte)
        for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
      }
      return (0..<4).map { UInt8(truncatingIfNeeded: data.count >> (24 - 8 * $0)) } + body
        + (0..<4).map { UInt8(truncatingIfNeeded: ~remainder >> UInt32(24 - 8 * $0)) }
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", size + size + [depth, colour, 0, 0, interlaced ? 1 : 0]) + chunk("IDAT", [0x78, 0x9C])
  }

  /// A JPEG that says 13999 x 13999, upside down, so that it cannot be decoded smaller.
  private static func jpeg() throws -> [UInt8] {
    var bytes = try contents(of: TestFolders.golden.appending(path: "images/orientation-3.jpg").path)
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x36, 0xAF, 0x36, 0xAF])
    return bytes
  }

  private static let photos: [String: @Sendable () throws -> [UInt8]] = [
    "tiny.ppm": { Array("P6 \(side) \(side) 255\n".utf8) },
    "tiny.pgm": { Array("P5 \(side) \(side) 255\n".utf8) },
    "rgb.png": { png(depth: 8, colour: 2, interlaced: false) },
    "black.png": { png(depth: 1, colour: 0, interlaced: false) },
    "sixteen.png": { png(depth: 16, colour: 6, interlaced: false) },
    "interlaced.png": { png(depth: 8, colour: 2, interlaced: true) },
    "turned.jpg": { try jpeg() },
  ]

  @Test(arguments: photos.keys.sorted())
  func otherPhotosAreAnswered(name: String) throws {
    let photo = try #require(Self.photos[name])
    let large = try fixtures.folder.write(photo(), to: name)
    let good = try fixtures.folder.write(PhotoFixtures.photo("red", 50), to: "good.ppm")
    let other = try fixtures.folder.write(PhotoFixtures.photo("blue", 51), to: "other.ppm")
    for threads in ["1", "3"] {
      let result = try Command.limited(
        Self.limit, ["classify", good, large, large, other, "--model", task, "--json", "--threads", threads])
      #expect(result.status == 65, "\(result)")
      #expect(result.output.split(separator: "\n").count == 2, "\(result)")
      #expect(result.errorLines.count { $0.contains("\(name): no memory to decode it; make it smaller") } == 2, "\(result)")
    }
  }

  /// 89 bytes with a text chunk that claims to have 1.6 GB, which fuzzing found.
  @Test func aChunkTakesNoMoreThanItMay() throws {
    let good = try fixtures.folder.write(PhotoFixtures.photo("red", 50), to: "good.ppm")
    let hostile = TestFolders.package.appending(path: "Tests/Fuzz/photo/78e16b6d773b.png").path
    let result = try Command.run(["classify", good, hostile, "--model", task])
    #expect(result.status == 65 && result.errors.contains("78e16b6d773b.png, byte"), "\(result)")
    let peak = result.errors.split(separator: "peak ").last ?? ""
    #expect(Int(peak.filter { $0.isNumber }) ?? .max < 200_000_000, "\(result)")
  }

  @Test func aPhotoOfManyIsSkipped() throws {
    let photos = try fixtures.makeDataset("with-large")
    try fixtures.folder.write(Self.photos["tiny.ppm"]!(), to: "with-large/red/large.ppm")
    for arguments in [
      ["adapt", photos, "--model", fixtures.encoder, "-o", fixtures.folder.file("t.tnn")],
      ["quantize", fixtures.encoder, "--calibration", photos, "-o", fixtures.folder.file("q.tnn")],
      ["evaluate", "--model", fixtures.encoder, "--dataset", photos, "--ways", "2", "--shots", "1", "--episodes", "2"],
    ] {
      let result = try Command.limited(Self.limit, arguments)
      #expect(
        result.status == 0 && result.errors.contains("large.ppm: no memory to decode it; make it smaller; skipped"), "\(result)")
    }
  }

  /// An array whose file has no bytes on the disk.
  @Test func arrays() throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (500000000,), }"
    let text = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let path = try fixtures.folder.write(
      [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0] + Array(text.utf8), to: "large.npy")
    #expect(truncate(path, 128 + 4 * 500_000_000) == 0)
    for limit in [Self.limit, "ulimit -v 2300000"] {
      let result = try Command.limited(
        limit, ["run", fixtures.encoder, "--input", path, "--output", fixtures.folder.file("y.npy")])
      #expect(result.status == 65 && result.errors.contains("large.npy") && result.errors.contains("no memory"), "\(result)")
    }
  }

  @Test func arenas() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, Shape(1, 9000, 9000, 3)))
    graph.outputs = [try graph.add(Activate(Activation(.tanh)), name: "y", inputs: [x])]
    let model = try fixtures.folder.write(graph.lowered().finish(), to: "wide.tnn")
    for arguments in [["bench", model, "--runs", "1"], ["classify", "photo.jpg", "--model", model]] {
      let result = try Command.limited(Self.limit, arguments)
      #expect(result.status == 65 && result.errors.contains("no memory for the"), "\(result)")
    }
  }

  /// A few bytes of ONNX that ask for a constant of 256 MB.
  @Test(arguments: ["ConstantOfShape", "Expand", "Tile"])
  func constants(operation: String) throws {
    func varint(_ value: UInt64) -> [UInt8] { value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7) }
    func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes }
    func number(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }
    func text(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    func node(_ operation: String, _ inputs: [String], _ output: String) -> [UInt8] {
      field(1, inputs.flatMap { text(1, $0) } + text(2, output) + text(4, operation))
    }
    let shape =
      number(1, 2) + number(2, 7) + text(8, "shape") + number(7, 1 << 13)
      + number(7, operation == "ConstantOfShape" ? 1 << 13 : 1 << 11)
    let one = number(1, 1) + number(1, 1) + number(2, 1) + text(8, "one") + field(4, [0, 0, 128, 63])
    let dimensions = [1, 3, 8, 8].flatMap { field(1, number(1, $0)) }
    let input = text(1, "x") + field(2, field(1, number(1, 1) + field(2, dimensions)))
    let graph =
      node(operation, operation == "ConstantOfShape" ? ["shape"] : ["one", "shape"], "large") + node("ReduceMax", ["large"], "c")
      + node("Add", ["x", "c"], "y") + text(2, "g") + field(5, shape) + field(5, one) + field(11, input) + field(12, text(1, "y"))
    let model = number(1, 8) + field(7, graph) + field(8, number(2, 13))
    let path = try fixtures.folder.write(model, to: "model.onnx")
    let result = try Command.limited("ulimit -v 200000", ["import", path, "-o", fixtures.folder.file("m.tnn")])
    #expect(result.status == 65 && result.errors.contains("no memory for"), "\(result)")
  }
}
