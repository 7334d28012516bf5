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

    /// Something was in the way that may be gone a little later: EX_TEMPFAIL, as the budget's.
    static let tryAgain = Code.overBudget
  }

  let code: Code
  /// What is wrong, where, what to do.
  let message: String
  /// True for what is wrong with one photo and not with the next.
  let concernsPhoto: Bool

  init(_ code: Code, _ message: String, concernsPhoto: Bool = false) {
    self.code = code
    self.message = message
    self.concernsPhoto = concernsPhoto
  }

  func report() { printToStandardError("edgessl: \(message.onOneLine)\n") }
}

/// An error of a library that knows how it looks to the user of the command.
protocol FailureConvertible: Error {
  var failure: Failure { get }
}

extension Failure {
  /// The failure that an error stands for, or nil for errors of the argument parser.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as any FailureConvertible: self = error.failure
    default: return nil
    }
  }
}

extension String {
  /// The text without line breaks and other control characters: file names and names inside files may contain them.
  var onOneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      line.unicodeScalars.append(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? " " : scalar)
    }
    return line
  }
}
