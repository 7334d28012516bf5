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

  func report() { printToStandardError("edgessl: \(message)\n") }
}

/// Writes text to standard error, unbuffered; nothing useful can be done if that fails.
func printToStandardError(_ text: String) {
  let bytes = Array(text.utf8)
  _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
