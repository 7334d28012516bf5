import Glibc

/// Which file a path leads to, and in which state: what a writer compares before it replaces what it has read.
public struct FileIdentity: Hashable, Sendable {
  private let device: dev_t
  private let inode: ino_t
  private let byteCount: off_t
  private let modifiedSeconds: Int
  private let modifiedNanoseconds: Int

  /// All zero where there is no file.
  public init(_ path: String) {
    var status = stat()
    let exists = stat(path, &status) == 0
    device = exists ? status.st_dev : 0
    inode = exists ? status.st_ino : 0
    byteCount = exists ? status.st_size : 0
    modifiedSeconds = exists ? status.st_mtim.tv_sec : 0
    modifiedNanoseconds = exists ? status.st_mtim.tv_nsec : 0
  }
}

/// The right to read, change and replace a file without another process in between, until this object goes.
///
/// An advisory lock (flock) of the file itself. Replacing the file gives its name to another one, so a lock counts only if the
/// name still leads to what was locked. Where there is no file yet, or its file system has no locks, `identity` is what is
/// left: `writeAtomically(replacing:)` refuses where another process came first.
public final class FileLock {
  /// Of the file when it was locked.
  public let identity: FileIdentity
  private let descriptor: Int32

  /// How long one waits for another process, if nothing else is said.
  public static let waitingSeconds = 5.0

  private static let pollMicroseconds: UInt32 = 20_000

  /// - Parameter seconds: how long to wait for another process.
  /// - Throws: `FileError` with the action `lock` where that was not enough.
  public init(_ path: String, waiting seconds: Double = FileLock.waitingSeconds) throws(FileError) {
    let deadline = monotonicNanoseconds() + Int(seconds * 1e9)
    while true {
      // Network file systems lock exclusively only what is open for writing.
      var descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
      if descriptor < 0 { descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
      guard descriptor >= 0 else {
        // No file, or one that may not be read, which reading will say.
        identity = FileIdentity(path)
        self.descriptor = -1
        return
      }
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
        guard monotonicNanoseconds() < deadline else {
          close(descriptor)
          throw FileError(path: path, action: .lock, code: EWOULDBLOCK)
        }
        usleep(FileLock.pollMicroseconds)
      }
      let identity = FileIdentity(path)
      var (named, locked) = (stat(), stat())
      if stat(path, &named) == 0, fstat(descriptor, &locked) == 0, named.st_dev == locked.st_dev, named.st_ino == locked.st_ino {
        self.identity = identity
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
