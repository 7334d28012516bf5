import Glibc

/// Writes a file so that at any moment, also after a power cut, `path` holds the old bytes or the new ones: a temporary file
/// in the same folder, synced, renamed over `path`, the folder synced. Ctrl-C waits until it is done. A symbolic link stays and its
/// target is replaced; devices and pipes are written directly.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
  try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in try writeAtomically([buffer], to: path) }
}

/// The same for bytes in several pieces, one after the other, which are not copied.
public func writeAtomically(_ pieces: [UnsafeRawBufferPointer], to path: String) throws(FileError) {
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
    let descriptor = status.st_mode & S_IFMT == S_IFDIR ? -1 : open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw FileError(path: path, action: .write, code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : errno)
    }
    let failure = write(pieces, to: descriptor, isSynced: false)
    guard failure == 0 else { throw FileError(path: path, action: .write, code: failure) }
    return
  }

  var signals = sigset_t(), before = sigset_t()
  sigemptyset(&signals)
  for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
  pthread_sigmask(SIG_BLOCK, &signals, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  let target = resolved(path)
  let temporary = "\(target).\(getpid()).tmp"
  let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
  var descriptor = open(temporary, flags, 0o644)
  if descriptor < 0, errno == EEXIST {
    // Left by a process with the same number that a power cut stopped.
    unlink(temporary)
    descriptor = open(temporary, flags, 0o644)
  }
  guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
  var failure = write(pieces, to: descriptor, isSynced: true)
  if failure == 0, rename(temporary, target) != 0 { failure = errno }
  guard failure == 0 else {
    unlink(temporary)
    throw FileError(path: path, action: .write, code: failure)
  }
  let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
  let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if folderDescriptor >= 0 {
    // Makes the rename itself durable; a file system that cannot sync a folder keeps the old or the new name all the same.
    fsync(folderDescriptor)
    close(folderDescriptor)
  }
}

/// Writes and closes; returns the system's error number or 0.
private func write(_ pieces: [UnsafeRawBufferPointer], to descriptor: Int32, isSynced: Bool) -> Int32 {
  var failure: Int32 = 0
  for buffer in pieces {
    var written = 0
    while written < buffer.count, failure == 0 {
      let result = Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
      if result >= 0 {
        written += result
      } else if errno != EINTR {
        failure = errno
      }
    }
  }
  if failure == 0, isSynced, fsync(descriptor) != 0 { failure = errno }
  if close(descriptor) != 0, failure == 0 { failure = errno }
  return failure
}

/// The path with symbolic links followed, or as it is where no file is there yet.
private func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}
