import FewShotHost
import HostRuntime

/// Photos that learn or test: one folder for each class, checked.
struct ClassFolders {
  let path: String
  let folders: [PhotoFolder]

  /// Throws where there is no folder, or a class without photos. What lies in the folder where no class has it is told, or refused
  /// where `isStrict`.
  init(_ path: String, needed: Int, role: String, isStrict: Bool) throws(Failure) {
    self.path = path
    guard !isFile(path) else {
      throw Failure(.missingInput, "\(path): is a file; name a folder that has one folder of photos for each class")
    }
    let unclaimed: [UnclaimedEntry]
    do {
      folders = try PhotoFolder.classes(in: path)
      unclaimed = try PhotoFolder.unclaimed(besideClassesIn: path)
    } catch { throw ClassFolders.failure(error) }
    if let empty = folders.first(where: \.photos.isEmpty) {
      if unclaimed.contains(where: { $0.path.hasPrefix("\(path)/\(empty.name)/") }) {
        throw Failure(
          .badData,
          """
          \(path)/\(empty.name): class '\(empty.name)' has photos only in folders inside it; move them up, or name the \
          folder that has one folder of photos for each class
          """)
      }
      throw Failure(.badData, "\(path)/\(empty.name): class '\(empty.name)' has no photos; add some or remove the folder")
    }
    if !folders.isEmpty { try ClassFolders.report(unclaimed, isStrict: isStrict) }
    guard folders.count >= needed else {
      let found = folders.isEmpty ? "no folders" : "one class only, '\(folders[0].name)'"
      throw Failure(.badData, "\(path): has \(found); \(role) needs one folder of photos for each of at least \(needed) classes")
    }
  }

  /// Tells what no class has, one line for each of the first.
  static func report(_ unclaimed: [UnclaimedEntry], isStrict: Bool) throws(Failure) {
    if isStrict, let first = unclaimed.first { throw Failure(.badData, first.description) }
    for entry in unclaimed.prefix(reportedCount) { warn("\(entry); skipped") }
    if unclaimed.count > reportedCount { warn("\(unclaimed.count - reportedCount) others of this kind are skipped") }
  }

  private static let reportedCount = 10

  var photoCount: Int { folders.reduce(0) { $0 + $1.photos.count } }

  static func failure(_ error: FileError) -> Failure {
    error.isMissing ? Failure(.missingInput, "\(error.path): no such folder; check the path") : error.failure
  }
}
