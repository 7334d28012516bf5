import Glibc

/// Writes a file so that at any moment, also after a power cut, `path` holds the old bytes or the new ones: a temporary file
/// in the same folder, synced, renamed over `path`, the folder synced.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
  let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  let temporary = "\(path).\(getpid()).tmp"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
  var failure: Int32 = 0
  bytes.withUnsafeBytes { buffer in
    var written = 0
    while written < buffer.count, failure == 0 {
      let result = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
      if result < 0 {
        if errno != EINTR { failure = errno }
      } else {
        written += result
      }
    }
  }
  if failure == 0, fsync(descriptor) != 0 { failure = errno }
  if close(descriptor) != 0, failure == 0 { failure = errno }
  if failure == 0, rename(temporary, path) != 0 { failure = errno }
  guard failure == 0 else {
    unlink(temporary)
    throw FileError(path: path, action: .write, code: failure)
  }
  let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if folderDescriptor >= 0 {
    // Makes the rename itself durable; a file system that cannot sync a folder keeps the old or the new name all the same.
    fsync(folderDescriptor)
    close(folderDescriptor)
  }
}
