import Foundation

/// A folder with a model, its inputs and the outputs that ONNX Runtime gave (Tools/golden/golden_case.py).
public struct GoldenCase: Sendable, CustomStringConvertible {
  public struct Embedding: Decodable, Sendable {
    public let name: String
    public let file: String
  }

  /// How an input is known: stored, or made by a formula that the golden tools share.
  public enum Input: Decodable, Sendable {
    case file(String)
    case uniform(seed: UInt64, shape: [Int], low: Float, high: Float)

    private struct Arguments: Decodable {
      let seed: UInt64
      let shape: [Int]
      let low, high: Float
    }

    public init(from decoder: any Decoder) throws {
      if let file = try? decoder.singleValueContainer().decode(String.self) {
        self = .file(file)
      } else {
        let arguments = try Arguments(from: decoder)
        self = .uniform(seed: arguments.seed, shape: arguments.shape, low: arguments.low, high: arguments.high)
      }
    }
  }

  private struct File: Decodable {
    let model: String?
    let input: [String: Input]
    let output: [String: String]
    let embedding: Embedding?
    let tolerance: Float
  }

  public let folder: URL
  public let model: URL
  public let inputs: [String: Input]
  /// Tensor name to .npy file.
  public let outputs: [String: String]
  public let embedding: Embedding?
  /// Largest allowed difference as a part of the largest output value.
  public let tolerance: Float

  public var name: String { folder.lastPathComponent }
  public var description: String { name }

  public init(folder: URL) throws {
    let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: folder.appending(path: "case.json")))
    self.folder = folder
    model =
      file.model.map { $0.hasPrefix("/") ? URL(filePath: $0) : TestFolders.data.appending(path: $0) }
      ?? folder.appending(path: "model.onnx")
    inputs = file.input
    outputs = file.output
    embedding = file.embedding
    tolerance = file.tolerance
  }

  public func input(_ name: String) throws -> NumpyArray? {
    switch inputs[name] {
    case nil: return nil
    case .file(let file): return try array(file)
    case .uniform(let seed, let shape, let low, let high):
      var random = SeededGenerator(seed: seed)
      return NumpyArray(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in
          low + (high - low) * (Float(random.next() >> 40) * 0x1p-24)
        })
    }
  }

  public func array(_ file: String) throws -> NumpyArray { try NumpyArray(contentsOf: folder.appending(path: file)) }

  /// The cases with a model in the folders below `directory`, by name; none if it is missing.
  public static func all(in directory: URL) throws -> [GoldenCase] {
    guard let entries = try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil) else {
      return []
    }
    return try entries.filter(hasModel).sorted { $0.lastPathComponent < $1.lastPathComponent }.map(GoldenCase.init)
  }

  /// Other kinds of golden folders stand beside those of models.
  private static func hasModel(_ folder: URL) -> Bool {
    struct Reference: Decodable { let model: String }
    if FileManager.default.fileExists(atPath: folder.appending(path: "model.onnx").path) { return true }
    guard let json = try? Data(contentsOf: folder.appending(path: "case.json")) else { return false }
    return (try? JSONDecoder().decode(Reference.self, from: json)) != nil
  }
}

/// Folders that tests read.
public enum TestFolders {
  public static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  public static let golden = package.appending(path: "Tests/Golden")

  /// What fuzzing kept of one target of Tools/checks/fuzz, in the order of names.
  public static func fuzz(_ target: String) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(
      at: package.appending(path: "Tests/Fuzz/\(target)"), includingPropertiesForKeys: nil
    )
    .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  /// Real encoders and photos, which are not part of the package: EDGESSL_DATA, or ../shared/data beside the package.
  public static let data = environment("EDGESSL_DATA") ?? package.deletingLastPathComponent().appending(path: "shared/data")

  /// Golden cases made on demand by Tools/golden: EDGESSL_GOLDEN, or .build/golden.
  public static let madeGolden = environment("EDGESSL_GOLDEN") ?? package.appending(path: ".build/golden")

  private static func environment(_ name: String) -> URL? {
    ProcessInfo.processInfo.environment[name].map {
      URL(filePath: $0, relativeTo: URL(filePath: FileManager.default.currentDirectoryPath))
    }
  }

  public static func exists(_ folder: URL) -> Bool { FileManager.default.fileExists(atPath: folder.path) }
}
