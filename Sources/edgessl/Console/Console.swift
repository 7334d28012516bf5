import ArgumentParser
import Glibc

/// What every subcommand offers for its results.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON on standard output, and nothing else there.")
  var json = false

  /// Prints a result: `json` as one line with `--json`, else `text`.
  func print(_ json: @autoclosure () -> JSON, text: @autoclosure () -> String) throws(Failure) {
    try printToStandardOutput((self.json ? json().text : text()) + "\n")
  }
}

/// Writes text to standard output, unbuffered.
func printToStandardOutput(_ text: String) throws(Failure) {
  if let code = writeAll(text, to: STDOUT_FILENO) {
    throw Failure(.inputOutput, "standard output: cannot be written: \(String(cString: strerror(code)))")
  }
}

/// Writes text to standard error, unbuffered; nothing useful can be done if that fails.
func printToStandardError(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }

/// Tells the user something on one line of standard error.
func note(_ message: String) { printToStandardError("edgessl: \(message.onOneLine)\n") }

/// Tells the user about something that went wrong without stopping the command.
func warn(_ message: String) { note("warning: \(message)") }

/// The system's error number, or nil if everything was written.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32? {
  var text = text
  return text.withUTF8 { bytes in
    var written = 0
    while written < bytes.count {
      let result = write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if result >= 0 {
        written += result
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }
}
