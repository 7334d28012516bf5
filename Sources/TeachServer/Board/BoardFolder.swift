import FewShotHost
import Glibc
import HostRuntime
import ImageFiles
import TinyNN

/// A board's files: `board`, what is where; `photos/ID` and `thumbnails/ID`; `task.tnn`, what was learned. All names are the
/// server's own.
final class BoardFolder: Sendable {
  let path: String
  /// Keeps another server away from the folder.
  private let lock: Int32

  private static let header = "edgessl board 1"
  private static let thumbnailSide = 160
  /// Bytes that a disk keeps free.
  private static let spared = 64 << 20

  /// Makes the folder where it is missing.
  /// - Throws: `FileError`, with the action `lock` where another server has it.
  init(_ path: String) throws(FileError) {
    self.path = path
    for folder in [path, path + "/photos", path + "/thumbnails"] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
      throw FileError(path: folder, action: .write, code: errno)
    }
    lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw FileError(path: path + "/lock", action: .write, code: errno) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw FileError(path: path, action: .lock, code: errno) }
  }

  deinit { close(lock) }

  var taskPath: String { path + "/task.tnn" }

  func photoPath(_ photo: UInt64) -> String { "\(path)/photos/\(PhotoIdentifier.text(photo))" }

  private func thumbnailPath(_ photo: UInt64) -> String { "\(path)/thumbnails/\(PhotoIdentifier.text(photo))" }

  // MARK: Board

  /// The board as it was left, without photos whose files are gone; an empty one where there is none.
  func read() throws(FileError) -> Board {
    var board = Board()
    guard isFile(path + "/board") else { return board }
    let lines = String(decoding: try Self.bytes(of: path + "/board"), as: UTF8.self).split(separator: "\n")
    guard let first = lines.first, first == Self.header else {
      throw FileError(path: path + "/board", action: .open, code: EILSEQ)
    }
    for line in lines.dropFirst() {
      let words = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      guard words.count == 2 else { continue }
      func ids() -> [UInt64] {
        words[1].split(separator: " ").compactMap { PhotoIdentifier.parse(String($0)) }.filter { isFile(photoPath($0)) }
      }
      switch words[0] {
      case "class": board.classes.append(Board.Class(name: String(words[1])))
      case "photos" where !board.classes.isEmpty: board.classes[board.classes.count - 1].photos = ids()
      case "unsorted": board.unsorted = ids()
      default: continue
      }
    }
    return board
  }

  func write(_ board: Board) throws(FileError) {
    func list(_ photos: [UInt64]) -> String { photos.map(PhotoIdentifier.text).joined(separator: " ") }
    var lines = [Self.header]
    for own in board.classes { lines += ["class\t\(own.name)", "photos\t\(list(own.photos))"] }
    lines.append("unsorted\t\(list(board.unsorted))")
    try writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: path + "/board")
  }

  // MARK: Photos

  /// Keeps a photo.
  /// - Parameter image: what is in `bytes`.
  func keep(_ bytes: [UInt8], _ image: RGBImage) throws(FileError) -> UInt64 {
    let photo = bytes.withUnsafeBytes { Checksum.of(ByteRegion($0)) }
    guard !isFile(photoPath(photo)) || !isFile(thumbnailPath(photo)) else { return photo }
    var status = statvfs()
    if statvfs(path, &status) == 0, Int(status.f_bavail) * Int(status.f_frsize) < Self.spared + bytes.count {
      throw FileError(path: path, action: .write, code: ENOSPC)
    }
    try writeAtomically(image.centreSquare(side: Self.thumbnailSide).jpeg(quality: 80), to: thumbnailPath(photo))
    try writeAtomically(bytes, to: photoPath(photo))
    return photo
  }

  func photo(_ photo: UInt64) throws(FileError) -> [UInt8] { try Self.bytes(of: photoPath(photo)) }

  func thumbnail(_ photo: UInt64) throws(FileError) -> [UInt8] { try Self.bytes(of: thumbnailPath(photo)) }

  /// Deletes the files of all other photos.
  func deleteAllBut(_ kept: Set<UInt64>) {
    for folder in [path + "/photos", path + "/thumbnails"] {
      for file in (try? PhotoFolder.photos(in: folder)) ?? [] {
        let name = String(file.split(separator: "/").last!)
        if PhotoIdentifier.parse(name).map(kept.contains) != true { unlink(file) }
      }
    }
  }

  static func bytes(of path: String) throws(FileError) -> [UInt8] {
    let file = try MappedFile(path)
    return withExtendedLifetime(file) {
      [UInt8](UnsafeRawBufferPointer(start: file.bytes.pointer, count: file.bytes.count))
    }
  }
}
