public import HostRuntime

/// What lies in a folder of classes where no class has it, though it may be a photo or have some.
public struct UnclaimedEntry: Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    /// A file beside the folders of the classes.
    case besideClasses
    /// A folder inside that of a class, and how many photos are in it and below it.
    case insideClass(photos: Int)
    case fault(EntryFault)
  }
  public let path: String
  public let reason: Reason

  public var description: String {
    switch reason {
    case .besideClasses: "\(path): lies beside the folders of the classes, so no class has it"
    case .insideClass(let count):
      "\(path): is a folder inside that of a class, which does not have its \(count == 1 ? "photo" : "\(count) photos"); "
        + "move \(count == 1 ? "it" : "them") up"
    case .fault(let fault): "\(path): \(fault)"
    }
  }
}

extension PhotoFolder {
  /// What `classes(in:)` leaves out and may be a photo: entries beside the folders of the classes, and folders with photos inside
  /// them.
  public static func unclaimed(besideClassesIn path: String) throws(FileError) -> [UnclaimedEntry] {
    var result: [UnclaimedEntry] = []
    for entry in try FolderEntry.all(of: path) {
      if entry.isFolder {
        result += try unclaimed(inClass: entry.path)
      } else if !entry.isPlainlyOther {
        let reason = EntryFault(of: entry.path).map { UnclaimedEntry.Reason.fault($0) } ?? .besideClasses
        result.append(UnclaimedEntry(path: entry.path, reason: reason))
      }
    }
    return result
  }

  /// The folders with photos inside that of one class.
  public static func unclaimed(inClass path: String) throws(FileError) -> [UnclaimedEntry] {
    var result: [UnclaimedEntry] = []
    for entry in try FolderEntry.all(of: path) where entry.isFolder {
      let count = try allPhotos(below: entry.path).count
      if count > 0 { result.append(UnclaimedEntry(path: entry.path, reason: .insideClass(photos: count))) }
    }
    return result
  }
}
