import Glibc
import TinyNN

/// A file mapped read-only; the bytes stay valid as long as this object lives.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  private let base: UnsafeMutableRawPointer
  private let count: Int

  /// Throws `FileError` if the file is missing, unreadable, or empty.
  public init(_ path: String) throws(FileError) {
    self.path = path
    // A pipe that nobody writes would wait.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path: path, action: .open, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, action: .open, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, action: .open, code: EISDIR) }
    count = Int(status.st_size)
    guard count > 0 else { throw FileError(path: path, action: .readEmpty, code: 0) }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw FileError(path: path, action: .open, code: errno)
    }
    base = address
  }

  deinit { munmap(base, count) }

  public var bytes: ByteRegion { ByteRegion(base, count: count) }
}

/// Whether there is a regular file, or a link to one.
public func isFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
