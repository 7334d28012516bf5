import FewShotHost
import Glibc
import HostRuntime

/// How the teach page is served.
public struct TeachOptions: Sendable {
  /// Where frames come from, as for `edgessl watch`; nil: photos come from pages only.
  public var source: String?
  /// The encoder's file.
  public var encoder: String
  /// The folder of what is taught.
  public var folder: String
  /// An address in numbers; others than loopback ask for a token.
  public var host = "127.0.0.1"
  public var port = 8910
  /// Seconds from one frame to the next, at least.
  public var interval = 0.1
  public var threads = 1

  public init(encoder: String, folder: String) {
    self.encoder = encoder
    self.folder = folder
  }
}

/// Why the teach page cannot be served, as one line.
public struct TeachServiceError: Error, CustomStringConvertible, Sendable {
  public enum Kind: Sendable { case badInput, missingInput, cannotCreate, busy }
  public let kind: Kind
  public let description: String
}

/// The teach page, served.
public final class TeachService: Sendable {
  public let port: Int
  /// What has to be known once: where the page is, and the token where it is new.
  public let notes: [String]
  let token: String?
  private let server: HTTPServer
  private let camera: Camera?

  /// Starts to serve.
  /// - Throws: `TeachServiceError`.
  public init(_ options: TeachOptions) throws(TeachServiceError) {
    let folder: BoardFolder, teacher: Teacher
    do { folder = try BoardFolder(options.folder) } catch {
      let isBusy = error.action == .lock
      throw TeachServiceError(
        kind: isBusy ? .busy : .cannotCreate,
        description: isBusy
          ? "\(options.folder): another edgessl serve has this folder; name another one with --folder" : "\(error)")
    }
    do {
      camera = try options.source.map { source throws(FrameStreamError) in try Camera(source, interval: options.interval) }
    } catch {
      throw TeachServiceError(kind: .missingInput, description: Camera.sentence(error))
    }
    do { teacher = try Teacher(folder, encoder: options.encoder, camera: camera, threads: options.threads) } catch {
      camera?.stop()
      throw TeachServiceError(kind: .badInput, description: "\((error as? FileError)?.path ?? options.encoder): \(error)")
    }
    let isLocal = options.host == "::1" || options.host.hasPrefix("127.")
    let access: Access, isNew: Bool
    do { (token, isNew) = isLocal ? (nil, false) : try Self.token(options.folder) } catch {
      camera?.stop()
      throw TeachServiceError(kind: .cannotCreate, description: "\(error)")
    }
    access = Access(token: token, hostName: isLocal ? nil : Self.hostName)
    do { server = try HTTPServer(API(teacher, access), host: options.host, port: options.port) } catch {
      camera?.stop()
      throw TeachServiceError(
        kind: .cannotCreate, description: "cannot listen on \(options.host), port \(options.port): \(error); choose with --listen")
    }
    port = server.address.port ?? options.port
    let shown = options.host.contains(":") ? "[\(options.host)]" : options.host
    let isAnywhere = options.host == "0.0.0.0" || options.host == "::"
    let address = "http://\(isAnywhere ? Self.hostName ?? "localhost" : shown):\(port)/"
    notes =
      isNew
      ? ["open \(address)?token=\(token!)", "the token is shown this once, and stays in \(options.folder)/token"]
      : ["open \(address)"] + (token == nil ? [] : ["with the token in \(options.folder)/token, where the page asks for it"])
  }

  public func stop() {
    camera?.stop()
    server.stop()
  }

  private static var hostName: String? {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The token of a folder, made where there is none; only its owner can read it.
  private static func token(_ folder: String) throws(FileError) -> (String, isNew: Bool) {
    let path = folder + "/token"
    if isFile(path) {
      let text = String(decoding: try BoardFolder.bytes(of: path), as: UTF8.self).filter { !$0.isWhitespace }
      if text.utf8.count >= 16 { return (text, false) }
    }
    let token = Access.newToken()
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(path: path, action: .write, code: errno) }
    defer { close(descriptor) }
    fchmod(descriptor, 0o600)
    let bytes = Array((token + "\n").utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw FileError(path: path, action: .write, code: errno)
    }
    return (token, true)
  }
}
