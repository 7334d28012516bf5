import Glibc
public import HostRuntime
import ImageFiles

/// Keeps frames that are worth a look, and a label: those of unknown things, of low confidence, or where the answer changes.
/// What looks like one that is kept is not kept again; beyond the limit the oldest goes; a disk that is nearly full gets none.
public final class UncertainFrames {
  public enum Reason: String, Sendable {
    case unknown, unsure, flip
  }

  /// Below this confidence an answer is unsure.
  static let confidence: Float = 0.6
  /// Bytes that a disk keeps free.
  private static let spared = 64 << 20

  private let folder: String
  private let limit: Int
  /// The oldest first. Frames of earlier runs have no embedding.
  private var kept: [(path: String, embedding: [Float])] = []

  /// Frames that are there from earlier count.
  /// - Throws: `FileError` where there is no such folder and none can be made.
  public init(_ folder: String, limit: Int) throws(FileError) {
    self.folder = folder
    self.limit = limit
    if mkdir(folder, 0o755) != 0, errno != EEXIST { throw FileError(path: folder, action: .write, code: errno) }
    kept = try PhotoFolder.photos(in: folder).filter(Self.isOwn).map { ($0, []) }
  }

  public var count: Int { kept.count }

  /// Why a frame is worth keeping, nil where it is not.
  /// - Parameter before: the answer to the frame before; nil for the first.
  public static func reason(_ answer: Classification, before: String?) -> Reason? {
    if answer.isUnknown { return .unknown }
    if answer.confidence < confidence { return .unsure }
    return before != nil && before != answer.label ? .flip : nil
  }

  /// - Parameters:
  ///   - bytes: the file.
  ///   - embedding: of length 1.
  ///   - time: in milliseconds since 1970.
  /// - Returns: where it is kept, or nil for one that looks like another, or where the disk has no room.
  public func keep(_ bytes: [UInt8], _ embedding: [Float], _ reason: Reason, time: Int) throws(FileError) -> String? {
    let isKnown = kept.contains { known in
      known.embedding.count == embedding.count && Self.cosine(known.embedding, embedding) > PhotoSelection.copyCosine
    }
    guard !isKnown, hasRoom(for: bytes.count) else { return nil }
    while kept.count >= limit, !kept.isEmpty { unlink(kept.removeFirst().path) }
    let kind = bytes.starts(with: [0xFF, 0xD8]) ? "jpg" : bytes.starts(with: [0x89, 0x50]) ? "png" : "ppm"
    let path = "\(folder)/\(UTCTime(milliseconds: time).compact)-\(reason.rawValue).\(kind)"
    try writeAtomically(bytes, to: path)
    kept.append((path, embedding))
    return path
  }

  private func hasRoom(for count: Int) -> Bool {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return true }
    return Int(status.f_bavail) * Int(status.f_frsize) > Self.spared + count
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// Files that an earlier run named: others in the folder stay.
  private static func isOwn(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dash = name.firstIndex(of: "-"), let dot = name.lastIndex(of: "."), dash < dot else { return false }
    let digits = name[..<dash]
    return digits.count == 19 && digits.allSatisfy { $0.isNumber || $0 == "T" || $0 == "." }
      && Reason(rawValue: String(name[name.index(after: dash)..<dot])) != nil
  }
}
