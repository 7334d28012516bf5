import ArgumentParser
import FewShotHost
import Glibc
import HostRuntime

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the teach page: a camera that is taught in a browser.",
    discussion: """
      Starts edgessl-serve, a program of its own beside this one. SOURCE is as for watch; without one, photos come from the \
      browser's own camera or files. On addresses other than this machine's own the page asks for a token, which is printed once.
      """)

  @Argument(help: ArgumentHelp("Where frames come from: -, a folder, /dev/video0, rtsp:// or http://.", valueName: "SOURCE"))
  var source: String?

  @Option(help: ArgumentHelp("The encoder. (default: $EDGESSL_ENCODER, else the shipped one)", valueName: "M.tnn"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Where photos and the task file are kept. (default: edgessl/teach in the user's data folder)", valueName: "DIR"))
  var folder: String?

  @Option(help: ArgumentHelp("Where it listens; 0.0.0.0:8910 for all of the network.", valueName: "ADDRESS:PORT"))
  var listen = "127.0.0.1:8910"

  @Option(help: ArgumentHelp("Seconds from one frame to the next, at least.", valueName: "S"))
  var interval = 0.1

  @Option(help: ArgumentHelp("Threads that compute; the result does not depend on it.", valueName: "N"))
  var threads = 1

  private static let program = "edgessl-serve"

  func validate() throws {
    guard Address(listen) != nil else {
      throw ValidationError("--listen: '\(listen)' is not ADDRESS:PORT in numbers, such as 0.0.0.0:8910 or [::]:8910")
    }
    guard 0...3600 ~= interval else { throw ValidationError("--interval is \(interval); it must be 0 to 3600 seconds") }
    guard 1...RuntimeOptions.maximumThreadCount ~= threads else {
      throw ValidationError("--threads is \(threads); it must be 1 to \(RuntimeOptions.maximumThreadCount)")
    }
  }

  func run() throws {
    let encoder = try ModelLocation.encoder(option: model)
    encoder.announce("encoder")
    let place = try place()
    note("folder: \(place.path) (\(folder == nil ? "in the user's data folder" : "as named"))")
    if let source {
      do { _ = try FrameSource(source) } catch { throw Failure(error) }
    }
    let address = Address(listen)!
    var words = [
      "encoder=\(encoder.path)", "folder=\(place.path)", "host=\(address.host)", "port=\(address.port)", "interval=\(interval)",
      "threads=\(threads)",
    ]
    if let source { words.append("source=\(source)") }
    try start(words)
  }

  private func place() throws(Failure) -> ModelLocation {
    if let folder { return ModelLocation(path: folder, source: .option) }
    guard let data = ModelLocation.dataFolder(environment("XDG_DATA_HOME"), home: environment("HOME")) else {
      throw Failure(.usage, "no folder for what is taught: name one with --folder, or set HOME")
    }
    let place = ModelLocation(path: data + "/edgessl/teach", source: .userData)
    try place.createFolder()
    return place
  }

  /// Becomes the other program; it is looked for beside this one.
  private func start(_ words: [String]) throws(Failure) {
    let path = executablePath().map { parentFolder(of: $0) + "/\(Serve.program)" } ?? Serve.program
    var arguments = ([path] + words).map { strdup($0) } + [nil]
    execv(path, &arguments)
    let code = errno
    for argument in arguments { free(argument) }
    throw Failure(
      .missingInput,
      code == ENOENT
        ? "\(path): is not there, and serves the teach page; install it beside edgessl: make install-serve"
        : "\(path): cannot be started: \(String(cString: strerror(code)))")
  }

  /// "127.0.0.1:8910" or "[::1]:8910".
  struct Address: Equatable {
    let host: String
    let port: Int

    init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), 0...65535 ~= port else {
        return nil
      }
      var host = String(text[..<colon]), four = in_addr(), six = in6_addr()
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = String(host.dropFirst().dropLast())
        guard inet_pton(AF_INET6, host, &six) == 1 else { return nil }
      } else {
        guard inet_pton(AF_INET, host, &four) == 1 else { return nil }
      }
      self.host = host
      self.port = port
    }
  }
}
