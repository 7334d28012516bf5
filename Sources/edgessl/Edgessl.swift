import ArgumentParser
import Glibc

/// Teaches a small camera new things from a handful of photos.
@main
struct Edgessl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edgessl",
    abstract: "Learn to recognise new things from a handful of photos, on the device.",
    subcommands: []
  )

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      failure.report()
      Glibc.exit(failure.code.rawValue)
    } catch {
      // Usage errors and --help, with the parser's own texts and codes (64 for wrong usage).
      exit(withError: error)
    }
  }
}
