/// What the first bytes of a file say about its format.
enum ImageSignature: Equatable {
  case format(ImageFormat)
  /// The file ends inside the signature.
  case partOf(ImageFormat)
  /// An image format that is recognised, to name it, but not read.
  case foreign(String)
  case unknown

  private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF]
  private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  init(_ start: [UInt8]) {
    if start.starts(with: Self.jpeg) {
      self = .format(.jpeg)
    } else if start.starts(with: Self.png) {
      self = .format(.png)
    } else if Self.jpeg.starts(with: start) {
      self = .partOf(.jpeg)
    } else if Self.png.starts(with: start) {
      self = .partOf(.png)
    } else if let name = Self.foreignName(start) {
      self = .foreign(name)
    } else if start.count >= 2, start[0] == UInt8(ascii: "P"), start[1] == 0x35 || start[1] == 0x36 {
      self = .format(.netpbm)
    } else {
      self = .unknown
    }
  }

  private static func foreignName(_ start: [UInt8]) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool {
      start.dropFirst(offset).starts(with: text.utf8)
    }
    if has("GIF8") { return "a GIF image" }
    if has("RIFF") && has("WEBP", at: 8) { return "a WebP image" }
    if has("ftyp", at: 4) { return "a HEIC or AVIF image or a video" }
    if has("II*\0") || has("MM\0*") { return "a TIFF image" }
    if has("BM") && start.count >= 14 { return "a BMP image" }
    for kind in ["P1", "P2", "P3", "P4", "P7"] where has(kind) && start.count >= 3 && start[2] <= 0x20 {
      return "Netpbm of kind \(kind)"
    }
    return nil
  }
}
