import Glibc

/// What went wrong with a file outside its contents, with the system's error number.
public struct FileError: Error, CustomStringConvertible, Sendable {
  public enum Action: Sendable {
    case open, readEmpty, write
    /// Another process kept the file locked for as long as this one waited.
    case lock
    /// The file is another one than the one that was read; nothing was written.
    case replaceChanged
    /// The new file is in place, but the system could not say that it would survive a power cut.
    case sync
  }
  public let path: String
  public let action: Action
  /// The system's error number.
  public let code: Int32

  public init(path: String, action: Action, code: Int32) {
    self.path = path
    self.action = action
    self.code = code
  }

  public var isMissing: Bool { action == .open && code == ENOENT }

  /// True where the same call may go through a little later.
  public var isTemporary: Bool { action == .lock || action == .replaceChanged }

  public var description: String {
    let reason = String(cString: strerror(code))
    return switch action {
    case .open: "\(path): cannot be read: \(reason)"
    case .readEmpty: "\(path): is empty (0 bytes)"
    case .write where code == EBUSY:
      "\(path): cannot be replaced, as it is mounted by itself; mount the folder that it is in instead"
    case .write: "\(path): cannot be written: \(reason)"
    case .lock: "\(path): another process is changing it; try again when that is done"
    case .replaceChanged: "\(path): another process changed it meanwhile, so nothing was written; try again"
    case .sync: "\(path): is written, but the system cannot say whether it would survive a power cut: \(reason)"
    }
  }
}
