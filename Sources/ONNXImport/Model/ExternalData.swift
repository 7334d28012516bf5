#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import HostRuntime

/// Weights that the model keeps in another file (ONNX "external data": location, offset, length).
enum ExternalData {
  /// The tensor with its bytes read in. The location must be a plain relative path below the model's folder.
  static func load(_ tensor: Onnx_TensorProto, directory: String?) throws(ONNXImportError) -> Onnx_TensorProto {
    var entries: [String: String] = [:]
    for entry in tensor.externalData { entries[entry.key] = entry.value }
    guard let location = entries["location"], !location.isEmpty else {
      throw ONNXImportError(.malformed, "initializer '\(tensor.name)' is stored in another file, which is not named")
    }
    guard !location.hasPrefix("/"), !location.split(separator: "/").contains("..") else {
      throw ONNXImportError(.malformed, "initializer '\(tensor.name)' is stored outside of the model's folder: \(location)")
    }
    guard let directory else {
      throw ONNXImportError(
        .unsupported, "initializer '\(tensor.name)' is stored in the file \(location), which cannot be read from here")
    }
    let file = try readFile(directory + location)
    let offset = entries["offset"].map { Int($0) ?? -1 } ?? 0
    let length = entries["length"].map { Int($0) ?? -1 } ?? max(0, file.count - offset)
    guard offset >= 0, length >= 0, offset <= file.count, length <= file.count - offset else {
      throw ONNXImportError(
        .malformed,
        "initializer '\(tensor.name)' needs bytes \(offset) to \(offset &+ length) of \(location), which has \(file.count)")
    }
    var result = tensor
    result.rawData = file.subdata(in: file.startIndex + offset..<file.startIndex + offset + length)
    result.dataLocation = .default
    result.externalData = []
    return result
  }
}

/// The bytes of a regular file, mapped where the system can.
func readFile(_ path: String) throws(ONNXImportError) -> Data {
  let manager = FileManager.default
  var isDirectory = false
  guard manager.fileExists(atPath: path, isDirectory: &isDirectory) else {
    throw ONNXImportError(.missing, "\(path): no such file")
  }
  guard !isDirectory else { throw ONNXImportError(.otherFormat, "is a folder; name the file in it") }
  guard isFile(path) else { throw ONNXImportError(.otherFormat, "is not a regular file; save it as one and name that") }
  let size = (try? manager.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
  // Parsing copies what was mapped.
  try requireMemory(size, stride: 2, for: "the \(size) bytes of \(path)")
  do {
    return try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
  } catch {
    throw ONNXImportError(.unreadable, "\(path) cannot be read: check its permissions")
  }
}
