import FewShotHost
import HostRuntime

/// Photos that learn or test: one folder for each class, checked.
struct ClassFolders {
  let path: String
  let folders: [PhotoFolder]

  /// Throws where there is no folder, or a class without photos.
  init(_ path: String, needed: Int, role: String) throws(Failure) {
    self.path = path
    guard !isFile(path) else {
      throw Failure(.missingInput, "\(path): is a file; name a folder that has one folder of photos for each class")
    }
    do { folders = try PhotoFolder.classes(in: path) } catch { throw ClassFolders.failure(error) }
    if let empty = folders.first(where: \.photos.isEmpty) {
      throw Failure(.badData, "\(path)/\(empty.name): class '\(empty.name)' has no photos; add some or remove the folder")
    }
    guard folders.count >= needed else {
      let found = folders.isEmpty ? "no folders" : "one class only, '\(folders[0].name)'"
      throw Failure(.badData, "\(path): has \(found); \(role) needs one folder of photos for each of at least \(needed) classes")
    }
  }

  var photoCount: Int { folders.reduce(0) { $0 + $1.photos.count } }

  static func failure(_ error: FileError) -> Failure {
    error.isMissing ? Failure(.missingInput, "\(error.path): no such folder; check the path") : error.failure
  }
}
