import Glibc
import HostRuntime

/// Photos that are put into a folder: written there and closed, or moved there (inotify). Those that are there already are left.
final class FolderFrames: Sendable {
  private let path: String
  private let descriptor: Int32

  /// A larger file is no photo.
  private static let byteLimit = 256 << 20

  init(_ path: String) throws(FrameStreamError) {
    self.path = path
    descriptor = inotify_init1(Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw .folder(errno, path) }
    let events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
    guard inotify_add_watch(descriptor, path, UInt32(events)) >= 0 else {
      close(descriptor)
      throw .folder(errno, path)
    }
  }

  deinit { close(descriptor) }

  func read(to mailbox: FrameMailbox) -> Result<Void, FrameStreamError> {
    var events = [UInt8](repeating: 0, count: 1 << 14)
    var frame: [UInt8] = []
    while !mailbox.isStopped {
      let count = events.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress!, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return .failure(.folder(errno, path)) }
      for event in Self.events(in: events[..<count]) {
        if event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0 { return .failure(.folder(ENOENT, path)) }
        let file = "\(path)/\(event.name)"
        // Temporary files of those who move them into place are hidden.
        guard !event.name.isEmpty, !event.name.hasPrefix("."), load(file, into: &frame) else { continue }
        mailbox.put(frame)
      }
    }
    return .success(())
  }

  private struct Event {
    let mask: UInt32
    let name: String
  }

  /// struct inotify_event: descriptor, mask, cookie, length of the name, name with zeros behind it.
  private static func events(in bytes: ArraySlice<UInt8>) -> [Event] {
    var result: [Event] = []
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 16 <= bytes.count {
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
        let name = bytes[(offset + 16)..<min(bytes.count, offset + 16 + length)].prefix { $0 != 0 }
        result.append(
          Event(
            mask: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self), name: String(decoding: name, as: UTF8.self)))
        offset += 16 + length
      }
    }
    return result
  }

  /// False for what is gone again, or no file of a photo's size.
  private func load(_ file: String, into frame: inout [UInt8]) -> Bool {
    let photo = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard photo >= 0 else { return false }
    defer { close(photo) }
    var status = stat()
    guard fstat(photo, &status) == 0, status.st_mode & S_IFMT == S_IFREG, 1...Self.byteLimit ~= Int(status.st_size) else {
      return false
    }
    let size = Int(status.st_size)
    if frame.count != size { frame = [UInt8](repeating: 0, count: size) }
    var done = 0
    while done < size {
      let count = frame.withUnsafeMutableBytes { Glibc.read(photo, $0.baseAddress! + done, size - done) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}
