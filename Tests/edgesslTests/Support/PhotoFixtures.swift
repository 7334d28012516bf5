import TestSupport
import FewShot
import FewShotHost
import FewShotTestSupport
import HostRuntime
import ModelCompiler
import TinyNN

@testable import edgessl

/// A folder with an encoder for photos and classes of small photos that it tells apart by their colours.
final class PhotoFixtures {
  let folder: TemporaryFolder
  let encoder: String

  init() throws {
    folder = try TemporaryFolder()
    encoder = try folder.write(PhotoFixtures.encoderFile(), to: "encoder.tnn")
  }

  /// `SmallModels.encoder` with preprocessing of photos.
  static func encoderFile(nonFinite: Bool = false) throws -> [UInt8] {
    let memory = AlignedMemory(copying: try SmallModels.encoder())
    let model = try Model(validating: memory.bytes)
    var writer = FileWriter(copying: model, except: nonFinite ? [.weights] : [])
    if nonFinite {
      var weights = model.section(.weights).array
      for offset in stride(from: 0, to: weights.count, by: 4) { weights.store(Float.nan.bitPattern, at: offset) }
      writer.add(.weights, weights)
    }
    let preprocessing = try Preprocessing(
      inputHeight: 32, inputWidth: 32, mean: SIMD3(repeating: 127.5), standardDeviation: SIMD3(repeating: 127.5))
    writer.add(.preprocessing, preprocessing.record)
    return writer.finish()
  }

  /// A PPM photo of one colour with noise; each `number` is another photo.
  static func photo(_ colour: String, _ number: Int, width: Int = 40, height: Int = 36) -> [UInt8] {
    TestPhotos.ppm(colour, number, width: width, height: height)
  }

  /// Writes photos `numbers` of a colour to the folder `name` and returns its path.
  @discardableResult
  func addClass(_ name: String, in dataset: String, colour: String? = nil, numbers: Range<Int> = 0..<4) throws -> String {
    let path = try folder.makeFolder("\(dataset)/\(name)")
    for number in numbers {
      try folder.write(PhotoFixtures.photo(colour ?? name, number), to: "\(dataset)/\(name)/\(number).ppm")
    }
    return path
  }

  /// A dataset of three classes with four photos each.
  func makeDataset(_ name: String = "photos") throws -> String {
    for colour in ["red", "green", "blue"] { try addClass(colour, in: name) }
    return folder.file(name)
  }

  /// A task file that has learned `makeDataset`.
  func makeTask(_ name: String = "task.tnn") throws -> String {
    let path = folder.file(name)
    let result = try Command.run(["adapt", try makeDataset(), "--model", encoder, "-o", path])
    guard result.status == 0 else { throw Failure(.internalError, "\(result)") }
    return path
  }
}

extension TemporaryFolder {
  /// Makes a folder, with those above it, and returns its path.
  @discardableResult
  func makeFolder(_ name: String) throws -> String {
    try ModelLocation(path: file(name) + "/any", source: .userData).createFolder()
    return file(name)
  }
}
