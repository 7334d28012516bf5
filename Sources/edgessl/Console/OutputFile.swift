import FewShotHost
import Glibc
import HostRuntime
import TinyNN

/// A file that a command writes, checked before the work and once more before it is written: it may be new, replace a file of its
/// own kind or an empty one, or be a device or a pipe; other files, and whatever the same call reads or writes otherwise, stay.
struct OutputFile {
  enum Kind: String {
    case tnn, npy, svg, html, checkpoint
  }

  let path: String
  private let kind: Kind
  /// How the command line names it.
  private let option: String
  private let inputs: [String]

  /// - Parameters:
  ///   - inputs: files that the call reads; those that are not there count for nothing.
  ///   - outputs: others that it writes.
  /// - Throws: `Failure` with exit code 73.
  init(
    _ path: String, _ kind: Kind, option: String, inputs: [String], besides outputs: [OutputFile] = []
  ) throws(Failure) {
    self.path = path
    self.kind = kind
    self.option = option
    self.inputs = inputs
    try check()
    if let other = outputs.first(where: { OutputFile.areSame($0.path, path) }) {
      throw Failure(.cannotCreate, "\(path): is written by \(other.option), too; name another file with \(option)")
    }
  }

  func write(_ bytes: [UInt8]) throws(Failure) {
    try check()
    do { try writeAtomically(bytes, to: path) } catch { throw error.failure }
  }

  /// Throws `Failure` where what stands at the path now must stay.
  func check() throws(Failure) {
    guard isFile(path) else { return }
    guard !inputs.contains(where: { OutputFile.areSame($0, path) }) else {
      throw Failure(.cannotCreate, "\(path): is read by the same call; name another file with \(option)")
    }
    // What cannot be read cannot be told from what should stay; an empty file has nothing to lose.
    let start: [UInt8]
    do { start = try OutputFile.start(of: path) } catch { throw Failure(.cannotCreate, error.failure.message) }
    guard start.isEmpty || kind.matches(start) else {
      throw Failure(
        .cannotCreate, "\(path): is there already and is not a .\(kind.rawValue) file; name another file with \(option)")
    }
  }

  /// The first bytes of a file, as many as tell kinds apart.
  private static func start(of path: String) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, action: .open, code: errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress!, $0.count) }
    guard count >= 0 else { throw FileError(path: path, action: .open, code: errno) }
    return Array(bytes[..<count])
  }

  /// Whether two paths lead to one file, also through links, or would if it were there.
  private static func areSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    switch (stat(a, &first) == 0, stat(b, &second) == 0) {
    case (true, true):
      return first.st_mode & S_IFMT == S_IFREG && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    case (false, false):
      return a.split(separator: "/").last == b.split(separator: "/").last
        && stat(parentFolder(of: a), &first) == 0 && stat(parentFolder(of: b), &second) == 0
        && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    default: return false
    }
  }
}

extension OutputFile.Kind {
  fileprivate func matches(_ start: [UInt8]) -> Bool {
    switch self {
    case .tnn: begins(start, with: Format.magic)
    case .checkpoint: begins(start, with: AdaptationCheckpoint.magic)
    case .npy: start.starts(with: NPYArray.magic)
    case .svg: hasTag("<svg", start)
    case .html: hasTag("<!doctype html", start) || hasTag("<html", start)
    }
  }

  private func begins(_ start: [UInt8], with magic: UInt64) -> Bool {
    start.starts(with: (0..<8).map { UInt8(truncatingIfNeeded: magic >> (8 * $0)) })
  }

  /// Whether a text that begins as markup does has a tag near its start.
  private func hasTag(_ tag: String, _ start: [UInt8]) -> Bool {
    let text = String(decoding: start, as: UTF8.self).lowercased()
    return text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.hasPrefix("<") && text.contains(tag)
  }
}
