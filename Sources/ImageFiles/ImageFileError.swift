import Glibc

/// Why an image file was refused. `description` is one line: which file, where in it, what is wrong, what to do.
public struct ImageFileError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    /// No such file, or no permission to read it; `code` is `errno`.
    case cannotOpen(code: CInt)
    /// Reading failed; `code` is `errno`.
    case cannotRead(code: CInt)
    /// The file has no bytes.
    case empty
    /// The file ends before its image is complete.
    case truncated(ImageFormat)
    /// The bytes contradict the format.
    case corrupted(ImageFormat, detail: String)
    /// A valid image of a kind that is not read.
    case unsupported(detail: String)
    /// The first bytes are those of no known format.
    case notAnImage(firstBytes: [UInt8])
    /// The image has more pixels than the limit.
    case tooLarge(width: Int, height: Int, maximumPixelCount: Int)
    /// Memory for the decoder could not be had.
    case outOfMemory
  }

  public let path: String
  public let reason: Reason
  /// Bytes from the start of the file to where the fault was noticed.
  public let offset: UInt64?

  public init(path: String, reason: Reason, offset: UInt64? = nil) {
    self.path = path
    self.reason = reason
    self.offset = offset
  }

  public var description: String {
    let place = offset.map { "\(path), byte \($0): " } ?? "\(path): "
    return place + what
  }

  private var what: String {
    switch reason {
    case .cannotOpen(let code):
      "cannot open: \(systemErrorMessage(code))"
    case .cannotRead(EISDIR):
      "is a folder; name its photos: \(path)\(path.hasSuffix("/") ? "" : "/")*.jpg"
    case .cannotRead(let code):
      "cannot read: \(systemErrorMessage(code))"
    case .empty:
      "the file is empty; copy it again"
    case .truncated(let format):
      "the \(format) file is truncated; copy it again"
    case .corrupted(let format, let detail):
      "the \(format) file is damaged (\(detail)); copy it again"
    case .unsupported(let detail):
      "\(detail); convert it to a plain JPEG or PNG file"
    case .notAnImage(let firstBytes):
      "not an image, it starts with \(hexadecimal(firstBytes)); JPEG, PNG, PPM and PGM are read"
    case .tooLarge(let width, let height, let limit):
      "\(width)x\(height) pixels are more than the limit of \(limit); make it smaller"
    case .outOfMemory:
      "no memory to decode it; make it smaller"
    }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

/// The formats that are read.
public enum ImageFormat: Equatable, Sendable, CustomStringConvertible {
  case jpeg, png, netpbm

  public var description: String {
    switch self {
    case .jpeg: "JPEG"
    case .png: "PNG"
    case .netpbm: "PPM/PGM"
    }
  }
}
