import FewShotHost
import Glibc
import HostRuntime

/// A folder that photos are copied to, so that somebody sorts them there.
struct CopyFolder {
  let path: String

  /// Makes the folder where it is missing.
  /// - Parameter source: where the photos are; the folder may not be in it, or the copies would be photos of it.
  init(_ path: String, besides source: String) throws(Failure) {
    self.path = path
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw FileError(path: path, action: .write, code: errno).failure }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(.cannotCreate, "\(path): is no folder; name another with --copy-to")
    }
    guard let own = CopyFolder.real(path), let other = CopyFolder.real(source) else { return }
    guard own != other, !own.hasPrefix(other == "/" ? other : other + "/") else {
      throw Failure(.cannotCreate, "\(path): is inside \(source), so the copies would be photos of it; name another with --copy-to")
    }
  }

  /// Copies a photo under its own name, or, where that is another photo's, under a name with a number.
  /// - Returns: the copy's path; where the photo is there already, that one's.
  func copy(_ photo: String) throws(Failure) -> String {
    do {
      let file = try MappedFile(photo)
      let name = photo.split(separator: "/").last.map(String.init) ?? photo
      let dot = name.lastIndex(of: ".") ?? name.endIndex
      var number = 1
      while true {
        let candidate = "\(path)/\(number == 1 ? name : "\(name[..<dot])-\(number)\(name[dot...])")"
        if !isFile(candidate) {
          try writeAtomically([UnsafeRawBufferPointer(start: file.bytes.pointer, count: file.bytes.count)], to: candidate)
          return candidate
        }
        if try PhotoIdentifier.of(candidate) == PhotoIdentifier.of(photo) { return candidate }
        number += 1
      }
    } catch { throw error.failure }
  }

  private static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }
}
