import Foundation
import TestSupport
import Testing

/// The built command as a process of its own.
struct CommandResult: CustomStringConvertible {
  let status: Int32
  let output: String
  let errors: String

  var description: String { "exit code \(status)\n--- standard output\n\(output)--- standard error\n\(errors)" }

  /// The lines of standard error.
  var errorLines: [Substring] { errors.split(separator: "\n") }

  /// Standard output as one JSON object, and nothing else.
  func json(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
    let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any], "not a JSON object: \(self)", sourceLocation: location)
  }
}

enum Command {
  /// Another program that is to be tested, such as Tools/arm64/emulated.sh.
  private static let other = ProcessInfo.processInfo.environment["EDGESSL_COMMAND"]

  /// Beside the test runner, in the folder of the build.
  static let path =
    other
    ?? URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "edgessl").path

  static let isOwn = other == nil

  /// Set by Tools/checks/sanitize.sh for all processes.
  private static let sanitizerOptions = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }

  /// Runs edgessl with nothing in its environment but `environment`, in `folder`.
  static func run(_ arguments: [String], environment: [String: String] = [:], folder: String = "/") throws -> CommandResult {
    try run(executable: path, arguments, environment: environment, folder: folder)
  }

  /// Runs edgessl in a shell that sets a limit first: `limited("ulimit -f 4", …)`.
  static func limited(_ limit: String, _ arguments: [String]) throws -> CommandResult {
    try run(executable: "/bin/sh", ["-c", "\(limit); exec \"$@\"", "sh", path] + arguments, environment: [:], folder: "/")
  }

  /// Runs a shell script with arguments $1, $2 and so on.
  static func shell(_ script: String, _ arguments: [String]) throws -> CommandResult {
    try run(executable: "/bin/sh", ["-c", script, "sh"] + arguments, environment: [:], folder: "/")
  }

  /// Starts edgessl and kills it as soon as `isReached`; false where it ended before.
  static func kill(_ arguments: [String], when isReached: () -> Bool) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = sanitizerOptions
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, !isReached() { usleep(100) }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }

  private static func run(executable: String, _ arguments: [String], environment: [String: String], folder: String) throws
    -> CommandResult
  {
    let logs = try TemporaryFolder()
    let (output, errors) = (logs.file("output"), logs.file("errors"))
    for log in ["output", "errors"] { try logs.write([], to: log) }
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = environment.merging(sanitizerOptions) { own, _ in own }
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "edgessl \(arguments) was ended by signal \(process.terminationStatus)")
    return CommandResult(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  /// Runs edgessl on bad input: it must print one line that contains `message` on standard error, nothing on standard
  /// output, and end with `status`.
  static func expectFailure(
    _ arguments: [String], status: Int32, _ message: String, location: SourceLocation = #_sourceLocation
  ) throws {
    expect(try run(arguments), status: status, message, arguments, location: location)
  }

  static func expect(
    _ result: CommandResult, status: Int32, _ message: String, _ arguments: [String], location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "edgessl \(arguments)\n\(result)", sourceLocation: location)
    #expect(
      result.errorLines.count == 1 && result.errors.hasSuffix("\n") && result.errors.hasPrefix("edgessl: "),
      "one line on standard error: edgessl \(arguments)\n\(result)", sourceLocation: location)
    #expect(result.errors.contains(message), "edgessl \(arguments)\n\(result)", sourceLocation: location)
    #expect(result.output.isEmpty, "edgessl \(arguments)\n\(result)", sourceLocation: location)
  }
}
