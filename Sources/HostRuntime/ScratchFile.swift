import Glibc
public import TinyNN

/// Memory in a file without a name, which goes with this object: the system may write its pages to disk and take them back, so
/// that a large table does not hold memory.
public final class ScratchFile: @unchecked Sendable {
  /// At the start of a page; zeros at first.
  public let buffer: UnsafeMutableRawBufferPointer

  /// The space is taken from the disk at once, so that a full disk is an error here and no signal later.
  /// - Parameters:
  ///   - byteCount: at least 1.
  ///   - folder: on a disk, or the file takes memory all the same.
  /// - Throws: `FileError`, also where the disk has no room.
  public init(byteCount: Int, in folder: String) throws(FileError) {
    let target = "\(folder)/edgessl-scratch"
    let path = "\(target).\(String(UInt64.random(in: 1 << 60...UInt64.max), radix: 16)).tmp"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path: folder, action: .write, code: errno) }
    defer { close(descriptor) }
    unlink(path)
    var code = posix_fallocate(descriptor, 0, off_t(byteCount))
    // File systems without it.
    if code == EOPNOTSUPP || code == EINVAL { code = ftruncate(descriptor, off_t(byteCount)) == 0 ? 0 : errno }
    guard code == 0 else { throw FileError(path: folder, action: .write, code: code) }
    guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
      throw FileError(path: folder, action: .write, code: errno)
    }
    buffer = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
  }

  deinit { munmap(buffer.baseAddress!, buffer.count) }

  /// The memory as float32 values; valid as long as this object.
  public var floats: Elements<Float> { Elements(buffer.baseAddress!, count: buffer.count / 4) }
}
