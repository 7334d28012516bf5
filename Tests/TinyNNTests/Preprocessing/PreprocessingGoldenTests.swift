import Foundation
import ImageFiles
import Testing
import TinyNN

/// Equality with Pillow, whose results Tools/golden/preprocessing.py recorded.
@Suite struct PreprocessingGoldenTests {
  private struct Case: Decodable {
    let image: String
  }

  static let caseNames: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: goldenFolder.path)) ?? []
    return names.filter { $0.hasPrefix("preprocess-") }.sorted()
  }()

  @Test func casesAreThere() {
    #expect(Self.caseNames.count >= 12, "in \(goldenFolder.path)")
  }

  @Test(arguments: caseNames)
  func pixelsEqualPillows(name: String) throws {
    let folder = goldenFolder.appending(path: name)
    let description = try Data(contentsOf: folder.appending(path: "case.json"))
    let preprocessing = try JSONDecoder().decode(PreprocessingSettings.self, from: description).preprocessing()
    let image = try RGBImage(
      contentsOf: folder.appending(path: JSONDecoder().decode(Case.self, from: description).image).path)
    let expected = try npyBytes(folder.appending(path: "expected.npy"))

    let tensor = try preprocessing.tensor(image.pixels, PhotoSize(height: image.height, width: image.width))
    try #require(tensor.count == expected.count)
    let differences = zip(tensor, expected).map { abs($0 - Float($1)) }
    // Another libjpeg may decode a little differently; PNG has one answer.
    let isExact = !FileManager.default.fileExists(atPath: folder.appending(path: "image.jpg").path)
    #expect(differences.max()! <= (isExact ? 0 : 2), "\(name): \(differences.filter { $0 > 0 }.count) values differ")
  }

  private struct Sample: Decodable {
    let photo: String
    let channelMeans: [Float]
    let values: [[Int]]
  }

  @Test(.enabled(if: PhotoData.folder != nil, "SKIPPED: no photos; set EDGESSL_DATA to the data folder"))
  func realPhotosAgreeWithPillow() throws {
    let data = try #require(PhotoData.folder)
    let description = try Data(contentsOf: goldenFolder.appending(path: "photo-samples/photos.json"))
    let samples = try JSONDecoder().decode([Sample].self, from: description)
    let settings = try JSONDecoder().decode([PreprocessingSettings].self, from: description)
    #expect(samples.count == 24)
    for (sample, setting) in zip(samples, settings) {
      let preprocessing = try setting.preprocessing()
      let image = try RGBImage(
        contentsOf: data.appending(path: sample.photo).path,
        options: ImageDecodingOptions(minimumShortSide: preprocessing.decodedShortSide))
      let photo = try PhotoSize(height: image.fullHeight, width: image.fullWidth, reduction: image.reduction)
      let tensor = try preprocessing.tensor(image.pixels, photo)
      var sum: Float = 0
      for value in sample.values {
        let offset = (value[0] * preprocessing.inputWidth + value[1]) * 3
        for channel in 0..<3 { sum += abs(tensor[offset + channel] - Float(value[2 + channel])) }
      }
      let meanDifference = sum / Float(3 * sample.values.count)
      #expect(meanDifference <= 1, "\(sample.photo) at \(setting.inputHeight): mean difference \(meanDifference)")
      for channel in 0..<3 {
        let values = stride(from: channel, to: tensor.count, by: 3).map { Double(tensor[$0]) }
        let mean = Float(values.reduce(0, +) / Double(values.count))
        #expect(abs(mean - sample.channelMeans[channel]) <= 0.5, "\(sample.photo): mean of channel \(channel)")
      }
    }
  }

  /// A photo decoded at 1/2 to 1/8 gives almost what the full photo gives, also where its sides are not divisible by 8.
  @Test(.enabled(if: PhotoData.folder != nil, "SKIPPED: no photos; set EDGESSL_DATA to the data folder"))
  func reducedDecodingAgreesWithFullDecoding() throws {
    let data = try #require(PhotoData.folder)
    let preprocessing = try Preprocessing(inputHeight: 32, inputWidth: 32, cropFraction: 0.875)
    var total: Float = 0
    var reductions: Set<Int> = []
    let folder = data.appending(path: "photos/caltech20")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jpg") }
      .sorted()
    let chosen = stride(from: 0, to: paths.count, by: 15).map { folder.appending(path: paths[$0]).path }
    for path in chosen {
      let full = try RGBImage(contentsOf: path)
      let reduced = try RGBImage(
        contentsOf: path, options: ImageDecodingOptions(minimumShortSide: preprocessing.decodedShortSide))
      reductions.insert(reduced.reduction)
      let expected = try preprocessing.tensor(full.pixels, PhotoSize(height: full.height, width: full.width))
      let photo = try PhotoSize(height: reduced.fullHeight, width: reduced.fullWidth, reduction: reduced.reduction)
      let actual = try preprocessing.tensor(reduced.pixels, photo)
      let difference = zip(actual, expected).map { abs($0 - $1) }.reduce(0, +) / Float(expected.count)
      #expect(difference <= 3, "\(path): mean difference \(difference)")
      total += difference
    }
    #expect(reductions.contains(2))
    #expect(
      total / Float(chosen.count) <= 1, "mean difference over \(chosen.count) photos \(total / Float(chosen.count))")
  }
}

/// ../shared/data, or the folder that EDGESSL_DATA names.
enum PhotoData {
  static let folder: URL? = {
    let named = ProcessInfo.processInfo.environment["EDGESSL_DATA"].map { URL(fileURLWithPath: $0) }
    let folder = named ?? goldenFolder.appending(path: "../../../shared/data").standardizedFileURL
    return FileManager.default.fileExists(atPath: folder.appending(path: "photos").path) ? folder : nil
  }()
}
