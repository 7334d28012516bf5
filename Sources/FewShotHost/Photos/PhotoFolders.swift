import FewShot
import Glibc
public import HostRuntime
import TinyNN

/// A folder of photos: one class of a dataset.
public struct PhotoFolder: Equatable, Sendable {
  public let name: String
  /// In the order of the file names' bytes.
  public let photos: [String]

  public init(name: String, photos: [String]) {
    self.name = name
    self.photos = photos
  }

  /// One folder for each class below `path`, in the order of their names' bytes. Hidden entries and plain files are left out.
  public static func classes(in path: String) throws(FileError) -> [PhotoFolder] {
    var result: [PhotoFolder] = []
    for name in try entries(of: path) where kind(of: path + "/" + name) == S_IFDIR {
      result.append(PhotoFolder(name: name, photos: try photos(in: path + "/" + name)))
    }
    return result
  }

  /// The files of a folder, in the order of their names' bytes. Hidden files, folders and names that are plainly not photos
  /// (`isPlainlyOther`) are left out.
  public static func photos(in path: String) throws(FileError) -> [String] {
    try entries(of: path).filter { kind(of: path + "/" + $0) == S_IFREG && !isPlainlyOther($0) }.map { path + "/" + $0 }
  }

  /// The photos directly in a folder and in the folders below it, in the order of their paths' bytes at each level.
  public static func allPhotos(below path: String) throws(FileError) -> [String] {
    var result = try photos(in: path)
    for folder in try entries(of: path) where kind(of: path + "/" + folder) == S_IFDIR {
      result += try photos(in: path + "/" + folder)
    }
    return result
  }

  /// Extensions of files that people and programs keep among photos. Files with other extensions, or with none, are taken for
  /// photos, so that one that cannot be read is noticed.
  private static let otherExtensions: Set<String> = [
    "txt", "md", "json", "xml", "csv", "tsv", "yaml", "yml", "html", "htm", "pdf", "db", "ini", "log", "zip", "tar", "gz", "py",
    "sh",
    "npy", "npz", "onnx", "tnn", "mp4", "mov", "avi", "mkv", "xmp", "aae",
  ]

  static func isPlainlyOther(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return otherExtensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private static func entries(of path: String) throws(FileError) -> [String] {
    guard let folder = opendir(path) else { throw FileError(path: path, action: .open, code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func kind(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }
}

/// The identifier of a photo: a checksum of its file's bytes, so that a copy under another name is the same photo.
public enum PhotoIdentifier {
  public static func of(_ path: String) throws(FileError) -> UInt64 {
    let file = try MappedFile(path)
    // The bytes are the file's as long as it lives.
    return withExtendedLifetime(file) { Checksum.of(file.bytes) }
  }

  /// 16 hexadecimal digits.
  public static func text(_ identifier: UInt64) -> String {
    let digits = String(identifier, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The identifier that `text` wrote, nil for other text.
  public static func parse(_ text: String) -> UInt64? { text.utf8.count == 16 ? UInt64(text, radix: 16) : nil }
}
