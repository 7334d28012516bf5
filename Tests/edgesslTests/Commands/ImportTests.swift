import FewShotTestSupport
import Foundation
import HostRuntime
import TestSupport
import Testing
import TinyNN

@Suite struct ImportTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.file("m.tnn")
  }

  private static func golden(_ name: String, _ file: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Golden/\(name)/\(file)").standardized.path
  }

  private func array(_ path: String) throws -> NPYArray {
    try contents(of: path).withUnsafeBytes { try NPYArray(ByteRegion($0), path: path) }
  }

  /// Images, several layers, no image at all: what ONNX Runtime answered, from file to file.
  @Test(arguments: [("conv_3x3", "t3"), ("fire_module", "t13"), ("gemm", "t3")])
  func importedModelsRunAsInONNXRuntime(name: String, output: String) throws {
    let imported = try Command.run(["import", ImportTests.golden(name, "model.onnx"), "-o", model, "--embedding", output, "--json"])
    #expect(imported.status == 0, "\(imported)")
    let json = try imported.json()
    for field in ["operators", "parameters", "macs", "arenaBytes", "weightBytes", "input", "output"] {
      #expect(json[field] != nil, "\(field): \(json)")
    }
    #expect((json["output"] as? [String: Any])?["name"] as? String == output, "\(json)")

    let result = folder.file("y.npy")
    let run = try Command.run([
      "run", model, "--input", "x=" + ImportTests.golden(name, "input.npy"), "--output", "\(output)=\(result)",
    ])
    #expect(run.status == 0, "\(run)")
    let (found, expected) = (try array(result), try array(ImportTests.golden(name, "output.npy")))
    #expect(found.shape == expected.shape)
    let largest = expected.values.map(abs).max() ?? 0
    let difference = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference <= 1e-4 * largest, "largest difference \(difference), largest value \(largest)")
  }

  @Test func sameInputGivesTheSameBytes() throws {
    for name in ["a.tnn", "b.tnn"] {
      #expect(try Command.run(["import", ImportTests.golden("conv_3x3", "model.onnx"), "-o", folder.file(name)]).status == 0)
    }
    #expect(try contents(of: folder.file("a.tnn")) == contents(of: folder.file("b.tnn")))
  }

  private static let encoder = TestFolders.data.appending(path: "encoders/mobilenet_v2_0.35_128.onnx").path

  @Test(
    "--arena runs stages in stripes with the same bits, says so, and refuses what is out of reach",
    .enabled(if: FileManager.default.fileExists(atPath: encoder), "no \(encoder): set EDGESSL_DATA"))
  func arena() throws {
    func imported(_ arguments: String...) throws -> CommandResult {
      try Command.run(["import", ImportTests.encoder, "--input-size", "128", "-o", model] + arguments)
    }
    func bench() throws -> (arena: Int, checksum: String) {
      let json = try Command.run(["bench", model, "--runs", "1", "--warmup", "0", "--json"]).json()
      return (try #require(json["arenaBytes"] as? Int), try #require(json["outputChecksum"] as? String))
    }
    #expect(try imported().status == 0)
    let whole = try bench()
    let limit = whole.arena * 6 / 10
    let result = try imported("--arena", "\(limit)")
    #expect(result.status == 0, "\(result)")
    let striped = try bench()
    #expect(striped.arena <= limit && striped.checksum == whole.checksum, "\(striped), whole \(whole)")
    let text = try Command.run(["inspect", model])
    #expect(text.output.contains("arena \(whole.arena) to \(striped.arena) bytes"), "\(text)")
    let small = ImportTests.golden("fire_module", "model.onnx")
    let refused = try Command.run(["import", small, "-o", model, "--arena", "64"])
    #expect(refused.status == 75 && refused.errors.contains("--arena allows 64"), "\(refused)")
  }

  private func preprocessing(_ options: [String]) throws -> [String: Any] {
    let imported = try Command.run(["import", ImportTests.golden("conv_3x3", "model.onnx"), "-o", model] + options)
    #expect(imported.status == 0, "\(imported)")
    return try #require(try Command.run(["inspect", model, "--json"]).json()["preprocessing"] as? [String: Any])
  }

  @Test func preprocessingTravelsInTheFile() throws {
    let plain = try preprocessing([])
    #expect(plain["mean"] as? [Double] == [0, 0, 0] && plain["std"] as? [Double] == [1, 1, 1], "\(plain)")
    #expect(plain["cropFraction"] as? Double == 1 && plain["interpolation"] as? String == "bilinear", "\(plain)")
    #expect(plain["inputHeight"] as? Int == 7 && plain["inputWidth"] as? Int == 6, "\(plain)")

    let preset = try preprocessing(["--preset", "imagenet"])
    #expect(
      preset["mean"] as? [Double] == [123.675, 116.28, 103.53] && preset["std"] as? [Double] == [58.395, 57.12, 57.375], "\(preset)"
    )
    #expect(preset["cropFraction"] as? Double == 0.875, "\(preset)")

    let own = try preprocessing([
      "--preset", "imagenet", "--mean", "127.5", "--std", "64,65,66", "--crop-fraction", "0.9", "--interpolation", "bicubic",
    ])
    #expect(own["mean"] as? [Double] == [127.5, 127.5, 127.5] && own["std"] as? [Double] == [64, 65, 66], "\(own)")
    #expect(own["cropFraction"] as? Double == 0.9 && own["interpolation"] as? String == "bicubic", "\(own)")
  }

  @Test func pixelScalesAreRecognised() throws {
    func imported(_ options: [String], _ status: Int32 = 0) throws -> CommandResult {
      let result = try Command.run(["import", ImportTests.golden("conv_3x3", "model.onnx"), "-o", model] + options)
      #expect(result.status == status, "\(result)")
      return result
    }
    let torch = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
    let unit = try preprocessing(torch)
    #expect(
      unit["mean"] as? [Double] == [123.675, 116.28, 103.53] && unit["std"] as? [Double] == [58.395, 57.12, 57.375], "\(unit)")
    #expect(try imported(torch).errors.contains("--mean 123.675,116.28,103.53 --std 58.395,57.12,57.375"))
    #expect(try imported(["--mean", "0.5", "--std", "0.5"]).errors.contains("--mean 127.5 --std 127.5"))
    #expect(try imported(["--mean", "0.5", "--std", "58"], 64).errors.contains("of different scales"))
    #expect(try imported([]).errors.contains("gets pixels from 0 to 255 as they are"))
    for options in [["--preset", "imagenet"], ["--mean", "127.5", "--std", "127.5"], ["--std", "1"]] {
      #expect(try !imported(options).errors.contains("pixels"))
    }
  }

  @Test func networksThatScalePixelsThemselves() throws {
    let source = ImportTests.golden("bytes_transposed_then_cast", "model.onnx")
    let plain = try Command.run(["import", source, "-o", model])
    #expect(plain.status == 0 && !plain.errors.contains("pixels"), "\(plain)")
    let twice = try Command.run(["import", source, "-o", model, "--preset", "imagenet"])
    #expect(twice.status == 0 && twice.errors.contains("scaled twice"), "\(twice)")
  }

  /// Photos that are too few for statistics, or that tell nothing, leave none, and a line says so.
  @Test func statisticsTakeEnoughPhotos() throws {
    let source = ImportTests.golden("classifier_as_conv", "model.onnx")
    try folder.makeFolder("photos")
    func imported(_ count: Int, _ photo: (Int) -> [UInt8]) throws -> (result: CommandResult, hasStatistics: Bool) {
      for number in 0..<count { try folder.write(photo(number), to: "photos/\(number).ppm") }
      let result = try Command.run(
        ["import", source, "-o", model, "--mean", "127.5", "--std", "127.5", "--statistics", folder.file("photos")])
      #expect(result.status == 0, "\(result)")
      let found = try Command.run(["inspect", model, "--json"]).json()
      return (result, found["statistics"] is [String: Any])
    }
    // Two halves, other ones in each.
    func halves(_ number: Int) -> [UInt8] {
      let values = (0..<40 * 36 * 3).map { UInt8($0 / 3 % 40 < 20 ? 10 + 12 * number : 250 - 7 * number) }
      return Array("P6\n40 36\n255\n".utf8) + values
    }
    let few = try imported(7, halves)
    #expect(!few.hasStatistics, "\(few.result)")
    #expect(few.result.errors.contains("7 different photos with content are too few for statistics, which take 8"), "\(few.result)")
    let copies = try imported(12) { _ in halves(1) }
    #expect(!copies.hasStatistics && copies.result.errors.contains("1 different photos with content"), "\(copies.result)")
    let plain = try imported(12) { TestPhotos.plain(0, width: 40 + $0, noise: 1) }
    #expect(!plain.hasStatistics && plain.result.errors.contains("0 different photos with content"), "\(plain.result)")
    let enough = try imported(8, halves)
    #expect(enough.hasStatistics && enough.result.errors.contains("4 of 12 photos have no content"), "\(enough.result)")
  }

  @Test func wrongOptions() throws {
    func expectFailure(_ options: [String], _ message: String, model source: String = "conv_3x3") throws {
      try Command.expectFailure(
        ["import", ImportTests.golden(source, "model.onnx"), "-o", model, "--json"] + options, status: 64, message)
    }
    try expectFailure(["--mean", "1,2"], "1,2")
    try expectFailure(["--classes", folder.path], "--classes goes with --statistics")
    try expectFailure(["--mean", "red"], "red")
    try expectFailure(["--std", "0"], "--std must be above 0")
    try expectFailure(["--std", "nan"], "nan")
    try expectFailure(["--crop-fraction", "1.5"], "--crop-fraction is 1.5")
    try expectFailure(["--crop-fraction", "0"], "--crop-fraction is 0")
    try expectFailure(["--preset", "cifar"], "cifar")
    try expectFailure(["--interpolation", "lanczos"], "lanczos")
    try expectFailure(["--embedding", "nowhere"], "'nowhere'")
    try expectFailure(["--input-size", "96"], "an input size of 96 does not fit")
    try expectFailure(["--preset", "imagenet", "--embedding", "t3"], "not an RGB image", model: "gemm")
    #expect(!folder.names.contains("m.tnn"), "nothing is written")
  }

  @Test func badFiles() throws {
    let onnx = try contents(of: ImportTests.golden("fire_module", "model.onnx"))
    func expectFailure(_ source: String, _ status: Int32, _ message: String) throws {
      try Command.expectFailure(["import", source, "-o", model, "--json"], status: status, message)
    }
    try expectFailure(folder.file("missing.onnx"), 66, "missing.onnx: no such file")
    try expectFailure(folder.write([], to: "empty.onnx"), 65, "empty.onnx: the file is empty")
    try expectFailure(folder.path, 65, "is a folder")
    try expectFailure(folder.write(Array(onnx[..<(onnx.count / 2)]), to: "half.onnx"), 65, "half.onnx: ")
    try expectFailure(folder.write(Array("not a model at all\n".utf8), to: "text.onnx"), 65, "text.onnx: ")
    #expect(!folder.names.contains("m.tnn"), "nothing is written")
  }

  @Test func unsupportedOperatorsAreListedAtOnce() throws {
    var onnx = try contents(of: ImportTests.golden("fire_module", "model.onnx"))
    onnx.replace(Array("Conv".utf8), with: Array("Blur".utf8), where: { $0 == 4 })
    onnx.replace(Array("Concat".utf8), with: Array("Braids".utf8), where: { $0 == 6 })
    try Command.expectFailure(
      ["import", folder.write(onnx, to: "odd.onnx"), "-o", model, "--json"], status: 65,
      "2 operators are not supported: Blur (Conv_0, Conv_2, Conv_4); Braids (Concat_6)")
  }

  @Test func notANumberInWeightsIsRefused() throws {
    var onnx = try contents(of: ImportTests.golden("conv_3x3", "model.onnx"))
    // raw_data (field 9) of the bias, 20 bytes long.
    let start = try #require(onnx.indices.dropLast(22).first { onnx[$0] == 0x4A && onnx[$0 + 1] == 20 }) + 2
    onnx.replaceSubrange(start + 8..<start + 12, with: [0, 0, 0xC0, 0x7F])
    try Command.expectFailure(
      ["import", folder.write(onnx, to: "nan.onnx"), "-o", model, "--json"], status: 65, "'w2' contains NaN at element 2")
  }

  @Test func outputsThatCannotBeWritten() throws {
    func expectFailure(_ output: String, _ status: Int32, _ message: String) throws {
      try Command.expectFailure(
        ["import", ImportTests.golden("conv_3x3", "model.onnx"), "-o", output, "--json"], status: status, message)
    }
    try expectFailure(folder.file("missing/m.tnn"), 73, "its folder does not exist")
    try expectFailure(folder.path, 73, "is a folder")
    try expectFailure("/dev/full", 74, "No space left on device")

    let bytes = try SmallModels.encoder()
    let old = try folder.write(bytes, to: "old.tnn")
    let arguments = ["import", ImportTests.golden("conv_3x3", "model.onnx"), "-o", old, "--json"]
    try #expect(Command.limited("ulimit -f 1", arguments).status == 74)
    #expect(try contents(of: old) == bytes && folder.names == ["old.tnn"], "\(folder.names)")
  }
}

extension [UInt8] {
  /// Replaces strings of protocol buffers: bytes that follow their length.
  fileprivate mutating func replace(_ old: [UInt8], with new: [UInt8], where length: (UInt8) -> Bool) {
    for start in indices.dropFirst().dropLast(old.count) where length(self[start - 1]) && self[start...].starts(with: old) {
      replaceSubrange(start..<start + old.count, with: new)
    }
  }
}
