import Glibc

/// Writes a file so that at any moment, also after a power cut, `path` holds the old bytes or the new ones: a temporary file
/// in the same folder, synced, renamed over `path`, the folder synced. Ctrl-C waits until it is done. A file that is replaced keeps
/// its mode and, as far as the system allows, its owner and group. A symbolic link stays and its target is replaced; devices and
/// pipes are written directly.
/// - Parameter expected: what `path` held when it was read; where it is another file by now, nothing is written.
public func writeAtomically(_ bytes: [UInt8], to path: String, replacing expected: FileIdentity? = nil) throws(FileError) {
  try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
    try writeAtomically([buffer], to: path, replacing: expected)
  }
}

/// The same for bytes in several pieces, one after the other, which are not copied.
public func writeAtomically(
  _ pieces: [UnsafeRawBufferPointer], to path: String, replacing expected: FileIdentity? = nil
) throws(FileError) {
  var status = stat()
  let exists = stat(path, &status) == 0
  if exists, status.st_mode & S_IFMT != S_IFREG { return try writeDirectly(pieces, to: path, mode: status.st_mode) }

  var signals = sigset_t(), before = sigset_t()
  sigemptyset(&signals)
  for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
  pthread_sigmask(SIG_BLOCK, &signals, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

  let target = resolvedPath(path)
  TemporaryFile.removeAbandoned(for: target)
  let temporary = try TemporaryFile(for: target, like: exists ? status : nil, named: path)
  var failure = write(pieces, to: temporary.descriptor, isSynced: true)
  if failure == 0 {
    // Nobody else compares and renames in this folder at the same time, where its file system has locks.
    let folderLock = expected == nil ? -1 : open(folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if folderLock >= 0 { close(folderLock) } }
    if folderLock >= 0 { while flock(folderLock, LOCK_EX) != 0, errno == EINTR {} }
    if let expected, FileIdentity(target) != expected {
      temporary.remove()
      throw FileError(path: path, action: .replaceChanged, code: 0)
    }
    if rename(temporary.path, target) != 0 { failure = errno }
  }
  guard failure == 0 else {
    temporary.remove()
    throw FileError(path: path, action: .write, code: failure)
  }
  temporary.close()
  failure = syncFolder(of: target)
  guard failure == 0 else { throw FileError(path: path, action: .sync, code: failure) }
}

private func writeDirectly(_ pieces: [UnsafeRawBufferPointer], to path: String, mode: mode_t) throws(FileError) {
  guard mode & S_IFMT != S_IFDIR else { throw FileError(path: path, action: .write, code: EISDIR) }
  let descriptor = open(path, O_WRONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
  var failure = write(pieces, to: descriptor, isSynced: false)
  if close(descriptor) != 0, failure == 0 { failure = errno }
  guard failure == 0 else { throw FileError(path: path, action: .write, code: failure) }
}

/// Returns the system's error number or 0.
private func write(_ pieces: [UnsafeRawBufferPointer], to descriptor: Int32, isSynced: Bool) -> Int32 {
  for buffer in pieces {
    var written = 0
    while written < buffer.count {
      let result = Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
      if result >= 0 {
        written += result
      } else if errno != EINTR {
        return errno
      }
    }
  }
  return isSynced && fsync(descriptor) != 0 ? errno : 0
}

/// Makes a rename durable; returns the system's error number or 0. A file system that cannot sync folders, or a folder that may
/// not be read, keeps the old or the new name all the same.
private func syncFolder(of path: String) -> Int32 {
  let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { return 0 }
  defer { close(descriptor) }
  guard fsync(descriptor) != 0 else { return 0 }
  return [EINVAL, ENOTSUP, EROFS, EBADF].contains(errno) ? 0 : errno
}

/// The path with symbolic links followed, or as it is where no file is there yet.
func resolvedPath(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }
