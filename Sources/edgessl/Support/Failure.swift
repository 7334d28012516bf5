import Glibc

/// An error as the user sees it: one line on standard error, and the exit code of sysexits.h.
struct Failure: Error {
  enum Code: Int32 {
    case usage = 64
    case badData = 65
    case missingInput = 66
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case overBudget = 75
  }

  let code: Code
  /// What is wrong, where, what to do.
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  func report() { fputs("edgessl: \(message)\n", stderr) }
}
