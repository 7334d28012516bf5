import Glibc
import HostRuntime

/// Which file a command uses, and why that one.
struct ModelLocation: Equatable, Sendable {
  enum Source: Equatable, Sendable {
    /// Named on the command line.
    case option
    /// Named by this environment variable.
    case environment(String)
    /// The encoder that edgessl is installed with.
    case installed
    /// In the user's data folder (XDG Base Directory Specification).
    case userData
  }

  static let encoderVariable = "EDGESSL_ENCODER"
  static let taskVariable = "EDGESSL_TASK"

  let path: String
  let source: Source

  /// The encoder: `option` (--model), else EDGESSL_ENCODER, a path or the name of a shipped encoder; else the usual shipped one.
  static func encoder(option: String?) throws(Failure) -> ModelLocation {
    if let named = named(option, encoderVariable) {
      return ModelLocation(path: try encoderFile(named.path), source: named.source)
    }
    guard let path = ShippedEncoders.find()?.path(of: ShippedEncoders.usual) else {
      throw Failure(
        .missingInput, "no encoder: name one with --model or \(encoderVariable), or install the shipped one: make install")
    }
    return ModelLocation(path: path, source: .installed)
  }

  /// The task file: `option` (-o or --model), else EDGESSL_TASK, else edgessl/task.tnn in the user's data folder. It need
  /// not exist.
  static func task(option: String?) throws(Failure) -> ModelLocation {
    if let named = named(option, taskVariable) { return named }
    guard let folder = dataFolder(environment("XDG_DATA_HOME"), home: environment("HOME")) else {
      throw Failure(.usage, "no folder for the task file: name the file with -o or --model, or set \(taskVariable) or HOME")
    }
    return ModelLocation(path: folder + "/edgessl/task.tnn", source: .userData)
  }

  /// Makes the folder of the user's task file; folders that the user named are left to the user.
  func createFolder() throws(Failure) {
    guard source == .userData else { return }
    let folder = parentFolder(of: path)
    var end = folder.startIndex
    while end < folder.endIndex {
      end = folder[folder.index(after: end)...].firstIndex(of: "/") ?? folder.endIndex
      if mkdir(String(folder[..<end]), 0o755) != 0, errno != EEXIST {
        throw Failure(.cannotCreate, "\(folder): cannot be created: \(String(cString: strerror(errno))); name a task file with -o")
      }
    }
  }

  /// Tells on standard error which file is used: `announce("encoder")`.
  func announce(_ role: String) { note("\(role): \(path) (\(reason))") }

  var reason: String {
    switch source {
    case .option: "as named"
    case .environment(let variable): variable
    case .installed: "the shipped encoder"
    case .userData: "the current task file"
    }
  }

  private static func named(_ option: String?, _ variable: String) -> ModelLocation? {
    if let option { return ModelLocation(path: option, source: .option) }
    return environment(variable).map { ModelLocation(path: $0, source: .environment(variable)) }
  }

  /// $XDG_DATA_HOME if it is absolute, as its specification demands, else ~/.local/share.
  static func dataFolder(_ xdg: String?, home: String?) -> String? {
    if let xdg, xdg.hasPrefix("/") { return xdg }
    return home.map { $0 + "/.local/share" }
  }
}

extension ModelLocation {
  /// Throws where the current task file has not been made yet.
  func requireTask() throws(Failure) {
    guard source != .userData || isFile(path) else {
      throw Failure(.missingInput, "\(path): no task yet; teach it some classes first: edgessl adapt DIR")
    }
  }
}

/// How many seconds to wait where another process is changing a task file: EDGESSL_LOCK_WAIT, else those of `FileLock`.
func lockWait() throws(Failure) -> Double {
  let variable = "EDGESSL_LOCK_WAIT"
  guard let text = environment(variable) else { return FileLock.waitingSeconds }
  guard let seconds = Double(text), 0...86_400 ~= seconds else {
    throw Failure(.usage, "\(variable) is '\(text)'; it must be 0 to 86400 seconds")
  }
  return seconds
}

/// Where embeddings of data sets are kept: EDGESSL_CACHE, else edgessl in the user's cache folder (XDG Base Directory
/// Specification); nil where there is no such folder.
func embeddingCacheFolder() -> String? {
  if let named = environment("EDGESSL_CACHE") { return named }
  if let xdg = environment("XDG_CACHE_HOME"), xdg.hasPrefix("/") { return xdg + "/edgessl" }
  return environment("HOME").map { $0 + "/.cache/edgessl" }
}
