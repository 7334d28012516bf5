import ArgumentParser
import Glibc

/// Teaches a small camera new things from a handful of photos.
@main
struct Edgessl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edgessl",
    abstract: "Learn to recognise new things from a handful of photos, on the device.",
    version: BuildVersion.text,
    subcommands: [
      Import.self, Inspect.self, Run.self, Embed.self, QuantizeCommand.self, Adapt.self, Classify.self, Classes.self, Evaluate.self,
      Bench.self, Plan.self, Models.self, Suggest.self, Review.self, Watch.self, Serve.self,
    ]
  )

  static func main() {
    // A file that grows past its limit is a failed write with an error of its own, not a signal that ends the process.
    signal(SIGXFSZ, SIG_IGN)
    // The program's own name is missing: Swift's library reads them from /proc/self/cmdline.
    guard !CommandLine.arguments.isEmpty else {
      stop(Failure(.missingInput, "/proc: is not mounted, and arguments are read there; mount it: mount -t proc proc /proc"))
    }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      if let failure = Failure(error) { stop(failure) }
      // --help, --version and completion scripts come as errors too, with the parser's own texts.
      if exitCode(for: error) == .success { exit(withError: error) }
      stop(Failure(.usage, "\(message(for: error)); see: \(helpCommand)"))
    }
  }

  private static func stop(_ failure: Failure) -> Never {
    failure.report()
    Glibc.exit(failure.code.rawValue)
  }

  private static var helpCommand: String {
    let name = CommandLine.arguments.dropFirst().first
    let isKnown = configuration.subcommands.contains { $0.configuration.commandName == name || $0._commandName == name }
    return isKnown ? "edgessl \(name!) --help" : "edgessl --help"
  }
}
