import Glibc
import HostRuntime

/// An entry of a folder that is not hidden.
struct FolderEntry {
  /// With \xNN for the bytes of a name that is not UTF-8, so that it can be shown; it leads to no file then.
  let name: String
  let path: String
  /// Also through a link.
  let isFolder: Bool

  /// In the order of the names' bytes.
  static func all(of path: String) throws(FileError) -> [FolderEntry] {
    guard let folder = opendir(path) else { throw FileError(path: path, action: .open, code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      // The name is a C string of at most 255 bytes inside the entry, which lives until the next call.
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { shown($0) }
      }
      if !name.utf8.starts(with: ".".utf8) { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { FolderEntry(name: $0, in: path) }
  }

  private init(name: String, in folder: String) {
    self.name = name
    path = folder + "/" + name
    var status = stat()
    isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func shown(_ name: UnsafePointer<CChar>) -> String {
    if let valid = String(validatingCString: name) { return valid }
    var text = ""
    for index in 0..<strlen(name) {
      let byte = UInt8(bitPattern: name[Int(index)])
      text += byte < 0x80 ? String(UnicodeScalar(byte)) : FolderEntry.escape + String(byte, radix: 16, uppercase: true)
    }
    return text
  }

  /// Before each byte of a name that is not UTF-8.
  static let escape = "\\x"

  /// Extensions of files that people and programs keep among photos. Files with other extensions, or with none, are taken for
  /// photos, so that one that cannot be read is noticed.
  private static let otherExtensions: Set<String> = [
    "txt", "md", "json", "xml", "csv", "tsv", "yaml", "yml", "html", "htm", "pdf", "db", "ini", "log", "zip", "tar", "gz", "py",
    "sh",
    "npy", "npz", "onnx", "tnn", "mp4", "mov", "avi", "mkv", "xmp", "aae",
  ]

  var isPlainlyOther: Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return FolderEntry.otherExtensions.contains(name[name.index(after: dot)...].lowercased())
  }
}

/// Why an entry of a folder is no file that could be read.
public enum EntryFault: Error, Equatable, Sendable, CustomStringConvertible {
  case nameNotUTF8
  case brokenLink
  /// A pipe, a socket, a device or a folder, which is not opened: a pipe would wait for its writer.
  case notAFile

  /// Nil for a regular file, and for what only opening it can tell. A name that came as an argument has U+FFFD where it is not
  /// UTF-8.
  public init?(of path: String) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT != S_IFREG else { return nil }
      self = .notAFile
      return
    }
    guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else { return nil }
    if lstat(path, &status) == 0 {
      self = .brokenLink
    } else if path.contains(FolderEntry.escape) || path.unicodeScalars.contains("\u{FFFD}") {
      self = .nameNotUTF8
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .nameNotUTF8: "its name is not UTF-8; rename it"
    case .brokenLink: "is a link to a file that is not there; mend or remove it"
    case .notAFile: "is not a regular file; remove it"
    }
  }
}
