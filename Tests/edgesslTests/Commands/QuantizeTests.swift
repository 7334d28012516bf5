import FewShot
import FewShotHost
import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import edgessl

@Suite struct QuantizeTests {
  private func fixtures() throws -> (PhotoFixtures, photos: String) {
    let fixtures = try PhotoFixtures()
    for colour in ["red", "green", "blue", "white"] { try fixtures.addClass(colour, in: "photos", numbers: 0..<9) }
    return (fixtures, fixtures.folder.file("photos"))
  }

  @Test func withoutPhotosItRefuses() throws {
    let (fixtures, _) = try fixtures()
    let output = fixtures.folder.file("int8.tnn")
    try Command.expectFailure(["quantize", fixtures.encoder, "-o", output], status: 64, "--calibration DIR")
    let missing = fixtures.folder.file("nowhere"), empty = try fixtures.folder.makeFolder("empty")
    try Command.expectFailure(["quantize", fixtures.encoder, "-o", output, "--calibration", missing], status: 66, missing)
    try Command.expectFailure(["quantize", fixtures.encoder, "-o", output, "--calibration", empty], status: 66, "no photos")
    #expect(throws: (any Error).self) { try MappedFile(output) }
  }

  @Test func writesAModelAndSaysWhatItCost() throws {
    let (fixtures, photos) = try fixtures()
    let (output, page) = (fixtures.folder.file("int8.tnn"), fixtures.folder.file("r.html"))
    let result = try Command.run(["quantize", fixtures.encoder, "--calibration", photos, "-o", output, "--report", page, "--json"])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let fields = try result.json()
    for name in [
      "fileRatio", "arenaRatio", "embeddingCosine", "estimatedLoss", "layers", "corrections", "floatLayers", "calibrationPhotos",
    ] {
      #expect(fields[name] != nil, "no \(name): \(result)")
    }
    #expect(fields["calibrationPhotos"] as? Int == 36 && (fields["embeddingCosine"] as? Double ?? 0) > 0.999, "\(result)")
    let layers = try #require(fields["layers"] as? [[String: Any]])
    #expect(layers.contains { $0["name"] as? String == "stem" }, "\(layers)")
    let html = String(decoding: try contents(of: fixtures.folder.file("r.html")), as: UTF8.self)
    #expect(html.hasPrefix("<!doctype html>") && html.contains("stem"))
    #expect(try Command.run(["inspect", output]).status == 0)
    let (float, int8) = (fields["floatFileBytes"] as? Int ?? 0, fields["fileBytes"] as? Int ?? .max)
    #expect(Double(int8) <= 0.27 * Double(float) + 65536, "\(int8) of \(float) bytes")
  }

  @Test func layersStayFloat() throws {
    let (fixtures, photos) = try fixtures()
    let arguments = ["quantize", fixtures.encoder, "--calibration", photos, "-o", fixtures.folder.file("int8.tnn")]
    try Command.expectFailure(arguments + ["--keep-float", "stern"], status: 64, "near it: 'stem'")
    let named = try Command.run(arguments + ["--keep-float", "stem", "--json"]).json()
    #expect(named["floatLayers"] as? [String] == ["stem"])
    let free = try Command.run(arguments + ["--keep-float", "auto", "--max-loss", "100", "--json"]).json()
    #expect(free["floatLayers"] as? [String] == [])
  }

  @Test func fewPhotosWarnAndTheSamePhotosGiveTheSameBytes() throws {
    let (fixtures, photos) = try fixtures()
    var files: [[UInt8]] = []
    for name in ["a.tnn", "b.tnn"] {
      let result = try Command.run([
        "quantize", fixtures.encoder, "--calibration", photos, "--photos", "9", "-o", fixtures.folder.file(name),
      ])
      #expect(result.status == 0 && result.errors.contains("only 9 photos"), "\(result)")
      files.append(try contents(of: fixtures.folder.file(name)))
    }
    #expect(files[0].elementsEqual(files[1]))
  }

  /// Copies count once, and a calibration that says nothing is refused.
  @Test func aCalibrationThatSaysNothingIsRefused() throws {
    let fixtures = try PhotoFixtures(), folder = fixtures.folder
    let output = folder.file("int8.tnn")
    for name in ["same", "black", "two"] { try folder.makeFolder(name) }
    for number in 0..<40 {
      try folder.write(PhotoFixtures.photo("red", 0), to: "same/\(number).ppm")
      try folder.write(PhotoFixtures.photo("red", number % 2), to: "two/\(number).ppm")
      try folder.write(TestPhotos.plain(0, width: 40 + number), to: "black/\(number).ppm")
    }
    func arguments(_ name: String) -> [String] { ["quantize", fixtures.encoder, "--calibration", folder.file(name), "-o", output] }
    for (name, reason) in [("same", "only 1 photo, however often it is there"), ("black", "none of its photos has content")] {
      let refused = try Command.run(arguments(name))
      #expect(refused.status == 65 && refused.errors.contains(reason) && refused.output.isEmpty, "\(refused)")
    }
    #expect(!folder.names.contains("int8.tnn"))
    let two = try Command.run(arguments("two") + ["--json"])
    #expect(two.status == 0 && two.errors.contains("38 of 40 photos are copies"), "\(two)")
    #expect(two.errors.contains("only 2 photos"), "\(two)")
    let fields = try two.json()
    #expect(
      fields["calibrationPhotos"] as? Int == 2 && fields["estimatedLoss"] != nil && !(fields["estimatedLoss"] is Double),
      "\(fields)")
    let text = try Command.run(arguments("two"))
    #expect(text.output.contains("not estimated") && !text.output.contains("points of few-shot accuracy lost"), "\(text)")
  }

  @Test func damagedModelsAreRefused() throws {
    let (fixtures, photos) = try fixtures()
    let bytes = try contents(of: fixtures.folder.file("encoder.tnn"))
    let output = fixtures.folder.file("int8.tnn")
    let cut = try fixtures.folder.write(Array(bytes[..<(bytes.count / 2)]), to: "cut.tnn")
    try Command.expectFailure(["quantize", cut, "--calibration", photos, "-o", output], status: 65, cut)
    let infinite = try fixtures.folder.write(PhotoFixtures.encoderFile(nonFinite: true), to: "nan.tnn")
    #expect(try Command.run(["quantize", infinite, "--calibration", photos, "-o", output]).status == 65)
    #expect(try Command.run(["quantize", fixtures.encoder, "--calibration", photos, "-o", output]).status == 0)
    try Command.expectFailure(
      ["quantize", output, "--calibration", photos, "-o", fixtures.folder.file("twice.tnn")], status: 65, "int8 already")
  }

  @Test func confidenceOfFewPhotosIsFittedOnClasses() throws {
    let (fixtures, photos) = try fixtures()
    let output = fixtures.folder.file("int8.tnn")
    let arguments = ["quantize", fixtures.encoder, "--calibration", photos, "-o", output]
    try Command.expectFailure(arguments + ["--classes", photos], status: 64, "--classes goes with --background")
    try Command.expectFailure(
      arguments + ["--background", photos, "--classes", photos], status: 65, "has 4 folders with at least 4 photos")
    for colour in ["reddish", "greenish"] { try fixtures.addClass(colour, in: "classes", numbers: 0..<6) }
    for colour in ["red", "green", "blue"] { try fixtures.addClass(colour, in: "classes", numbers: 0..<6) }
    #expect(try Command.run(arguments + ["--background", photos, "--classes", fixtures.folder.file("classes")]).status == 0)
    let statistics = try #require(try Command.run(["inspect", output, "--json"]).json()["statistics"] as? [String: Any])
    let scales = try #require(statistics["scales"] as? [[String: Any]])
    #expect(
      scales.count == 2 && scales.allSatisfy { ($0["ridge"] as? Double ?? 0) > 0 && ($0["knn"] as? Double ?? 0) > 0 },
      "\(statistics)")
  }

  @Test func statisticsAreOfTheInt8Network() throws {
    let (fixtures, photos) = try fixtures()
    let memory = AlignedMemory(copying: try contents(of: fixtures.folder.file("encoder.tnn")))
    let model = try Model(validating: memory.bytes)
    let reader = try PhotoEncoder(ModelRunner(bytes: try contents(of: fixtures.folder.file("encoder.tnn"))))
    var gathered = EncoderStatistics(dimension: reader.dimension)
    let source = PhotoSource(reader)
    for photo in try PhotoFolder.allPhotos(below: photos) { gathered.add(try source.embedding(of: photo)) }
    let encoder = try fixtures.folder.write(gathered.file(of: model), to: "statistics.tnn")
    let other = try fixtures.addClass("red", in: "other", numbers: 20..<23)
    for (folder, extra, expected) in [
      (photos, [String](), "calibration"), (other, [], "float32"), (other, ["--background", photos], "background"),
      // Too few to make them anew of.
      (other, ["--background", other], "float32"), (photos, ["--background", other], "calibration"),
    ] {
      let output = fixtures.folder.file("int8.tnn")
      let result = try Command.run(["quantize", encoder, "--calibration", folder, "-o", output, "--json"] + extra)
      #expect(try result.json()["statistics"] as? String == expected, "\(result)")
      let line = "3 different photos with content are too few for statistics, which take"
      #expect(result.errors.contains(line) == extra.contains(other), "\(extra): \(result)")
    }
  }
}
