import Glibc
public import HostRuntime

extension TaskFile {
  /// The files NAME.tnn of a folder, in the order of their names' bytes; nil where `path` is no folder.
  public static func files(in path: String) throws(FileError) -> [String]? {
    do {
      return try FolderEntry.all(of: path).filter { !$0.isFolder && $0.name.hasSuffix(".tnn") }.map(\.path)
    } catch {
      guard error.code == ENOTDIR else { throw error }
      return nil
    }
  }
}
