import Glibc
import HostRuntime
import TinyNN

extension FileError: FailureConvertible {
  var failure: Failure {
    switch (action, code) {
    case (.open, ENOENT), (.open, ENOTDIR): Failure(.missingInput, "\(path): no such file; check the path")
    case (.open, EISDIR): Failure(.missingInput, "\(path): is not a regular file; name a file")
    case (.open, ENOMEM): Failure(.badData, "\(path): no memory to read it; make it smaller")
    case (.open, EIO): Failure(.inputOutput, "\(path): cannot be read: \(reason)")
    case (.open, _): Failure(.missingInput, "\(path): cannot be read: \(reason)")
    case (.readEmpty, _): Failure(.badData, "\(path): is empty (0 bytes); copy or make it again")
    case (.write, ENOENT), (.write, ENOTDIR):
      Failure(.cannotCreate, "\(path): its folder does not exist; make it first: mkdir -p '\(parentFolder(of: path))'")
    case (.lock, _), (.replaceChanged, _): Failure(.tryAgain, description)
    case (.sync, _), (.write, EBUSY): Failure(.inputOutput, description)
    case (.write, EISDIR): Failure(.cannotCreate, "\(path): is a folder; name a file in it")
    case (.write, EACCES), (.write, EPERM), (.write, EROFS):
      Failure(.cannotCreate, "\(path): cannot be created: \(reason); choose another folder")
    case (.write, ENOSPC), (.write, EDQUOT):
      Failure(.inputOutput, "\(path): cannot be written: \(reason); free some space, nothing was changed")
    case (.write, EIO), (.write, EFBIG): Failure(.inputOutput, "\(path): cannot be written: \(reason); nothing was changed")
    case (.write, _): Failure(.cannotCreate, "\(path): cannot be created: \(reason)")
    }
  }

  private var reason: String { String(cString: strerror(code)) }
}

extension NPYError: FailureConvertible {
  var failure: Failure { Failure(.badData, description) }
}

extension Failure {
  /// A model file, or an arena for it, that was refused.
  init(_ error: ModelError, in path: String) {
    switch error.reason {
    case .arenaTooSmall where error.found == 0:
      self.init(.badData, "\(path): no memory for the \(grouped(error.needed)) bytes that it needs; take a smaller model or input")
    case .arenaTooSmall:
      self.init(.overBudget, "\(path): the arena has \(error.found) bytes, the plan needs \(error.needed)")
    case .arenaMisaligned: self.init(.internalError, "\(path): the arena does not start at a multiple of \(error.needed)")
    default: self.init(.badData, error.explanation(in: path))
    }
  }
}

/// The folder of a path, "." if it names none.
func parentFolder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
