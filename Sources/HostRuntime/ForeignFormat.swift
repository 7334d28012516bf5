/// A file that is plainly of another format than the wanted one, by its first bytes: what it is, and what to do.
public struct ForeignFormat: Equatable, Sendable {
  /// "a zip archive"
  public let name: String
  public let advice: String

  /// How many first bytes are looked at.
  public static let byteCount = 512

  /// Nil for bytes of no format that is known here; `start` is at most the file's first `byteCount` bytes.
  public init?(_ start: [UInt8]) {
    func has(_ text: String, at offset: Int = 0) -> Bool { start.dropFirst(offset).starts(with: text.utf8) }
    func has(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
    let text = String(decoding: start.drop { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }, as: UTF8.self).lowercased()
    let export = "export the model with torch.onnx.export, or with the exporter of its framework"
    let found: (String, String)? =
      if start.count > 9, start[8] == UInt8(ascii: "{"), start[1...7].suffix(4).allSatisfy({ $0 == 0 }) {
        // Its first byte, of a length, may be any character.
        ("a safetensors file, which holds weights without a network", export)
      } else if has("version https://git-lfs") {
        ("a Git LFS pointer", "fetch it with: git lfs pull")
      } else if text.hasPrefix("<!doctype") || text.hasPrefix("<html") || text.hasPrefix("<head") {
        ("a web page", "download the raw file")
      } else if text.hasPrefix("<?xml") || text.hasPrefix("<") {
        ("an XML file", "name the .onnx file; OpenVINO's format is not read")
      } else if text.hasPrefix("{") || text.hasPrefix("[") {
        ("a JSON file", "download the model itself")
      } else if has("PK\u{3}\u{4}") || has("PK\u{5}\u{6}") {
        ("a zip archive", "unpack it where it holds a .onnx file; PyTorch and Keras checkpoints are such: \(export)")
      } else if has([0x1F, 0x8B]) || has("BZh") || has([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) || has([0x28, 0xB5, 0x2F, 0xFD])
        || has([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])
      {
        ("a compressed file", "unpack it first")
      } else if has("ustar", at: 257) {
        ("a tar archive", "unpack it first")
      } else if has("TFL3", at: 4) {
        ("a TensorFlow Lite model", "convert it with tf2onnx, or \(export)")
      } else if has("ORTM", at: 4) {
        ("a model in ONNX Runtime's own format (.ort)", "take the .onnx file that it was made from")
      } else if has([0x89, 0x54, 0x4E, 0x4E, 0x0D, 0x0A]) {
        ("a .tnn model already", "use it as it is")
      } else if has([0x89, 0x48, 0x44, 0x46]) {
        ("an HDF5 file, such as Keras writes", "convert it with tf2onnx")
      } else if has("%PDF-") {
        ("a PDF document", "name a model")
      } else if has("GGUF") {
        ("a GGUF file", export)
      } else if start.count > 1, start[0] == 0x80, 2...5 ~= start[1] {
        ("a Python pickle, such as old PyTorch checkpoints are", export)
      } else if has([0x93]) && has("NUMPY", at: 1) {
        ("a .npy array", "name a model")
      } else if has([0x89]) && has("PNG", at: 1) || has([0xFF, 0xD8, 0xFF]) {
        ("a photo", "name a model")
      } else if has("7767517") {
        ("an ncnn model", "name the .onnx file that it was made from")
      } else if has("RKNN") {
        ("an RKNN model", "name the .onnx file that it was made from")
      } else if has([0x7F]) && has("ELF", at: 1) {
        ("a program", "name a model")
      } else {
        nil
      }
    guard let found else { return nil }
    (name, advice) = found
  }
}
