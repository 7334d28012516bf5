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

  /// One folder for each class below `path`, in the order of their names' bytes. Hidden entries and plain files are left out;
  /// `unclaimed(besideClassesIn:)` has those that may be photos.
  public static func classes(in path: String) throws(FileError) -> [PhotoFolder] {
    var result: [PhotoFolder] = []
    for folder in try FolderEntry.all(of: path) where folder.isFolder {
      result.append(PhotoFolder(name: folder.name, photos: try photos(in: folder.path)))
    }
    return result
  }

  /// The files of a folder, in the order of their names' bytes, with what should be a file and is none, so that reading names it:
  /// links to nothing, pipes, names that are not UTF-8. Hidden files, folders and names that are plainly not photos
  /// (`FolderEntry.isPlainlyOther`) are left out.
  public static func photos(in path: String) throws(FileError) -> [String] {
    try FolderEntry.all(of: path).filter { !$0.isFolder && !$0.isPlainlyOther }.map(\.path)
  }

  /// The photos in a folder and in all folders below it, in the order of their paths' bytes at each level. A folder that links
  /// lead to again is read once.
  public static func allPhotos(below path: String) throws(FileError) -> [String] {
    var read: Set<FileIdentity> = []
    return try allPhotos(below: path, &read)
  }

  private static func allPhotos(below path: String, _ read: inout Set<FileIdentity>) throws(FileError) -> [String] {
    guard read.insert(FileIdentity(path)).inserted else { return [] }
    let entries = try FolderEntry.all(of: path)
    var result = entries.filter { !$0.isFolder && !$0.isPlainlyOther }.map(\.path)
    for folder in entries where folder.isFolder { result += try allPhotos(below: folder.path, &read) }
    return result
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
