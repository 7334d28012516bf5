import FewShotHost
import Glibc
import HostRuntime
import ImageFiles

/// Errors as sentences for people, without paths of the board's files.
enum Sentence {
  static func of(_ error: any Error) -> String {
    switch error {
    case let error as ImageFileError: "\(error)"
    case let error as FileError where error.action == .write: "the board cannot write: \(String(cString: strerror(error.code)))"
    case is FileError: "a file of the board cannot be read; another program may have removed it"
    case PhotoError.unreadable(let error): "a photo cannot be read: \(error.reason)"
    case LearningError.noPhotos(let name): "class '\(name)' has no photo that can be read; add some or remove it"
    case let error as any CustomStringConvertible: "\(error)"
    default: "it failed: \(error)"
    }
  }
}
