import Glibc

/// A new file beside another one, which it will replace: TARGET.RANDOM.tmp, locked as long as its writer lives, so that what a
/// power cut or a kill left behind can be told from another process's work, also where two containers give their processes the
/// same number.
struct TemporaryFile {
  let path: String
  let descriptor: Int32

  private static let suffix = ".tmp"

  /// - Parameters:
  ///   - original: whose mode, owner and group the file gets; without, the mode is 0644 less the umask.
  ///   - name: what errors call the target.
  init(for target: String, like original: stat?, named name: String) throws(FileError) {
    let mode = original.map { $0.st_mode & 0o7777 }
    while true {
      let path = "\(target).\(String(UInt64.random(in: 1 << 60...UInt64.max), radix: 16))\(TemporaryFile.suffix)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode.map { $0 & 0o777 } ?? 0o644)
      if descriptor < 0, errno == EEXIST { continue }
      guard descriptor >= 0 else { throw FileError(path: name, action: .write, code: errno) }
      flock(descriptor, LOCK_EX | LOCK_NB)
      // Between the two calls another process may have taken it for abandoned.
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
        Glibc.close(descriptor)
        continue
      }
      self.path = path
      self.descriptor = descriptor
      guard let original else { return }
      if status.st_uid != original.st_uid || status.st_gid != original.st_gid,
        fchown(descriptor, original.st_uid, original.st_gid) != 0
      {
        // Who may not give files away keeps the group, if it is one of theirs.
        _ = fchown(descriptor, uid_t.max, original.st_gid)
      }
      if let mode { fchmod(descriptor, mode) }
      return
    }
  }

  func close() { Glibc.close(descriptor) }

  func remove() {
    unlink(path)
    close()
  }

  /// Removes temporary files of `target` that nobody writes any more.
  static func removeAbandoned(for target: String) {
    let name = String(target[(target.lastIndex(of: "/").map(target.index(after:)) ?? target.startIndex)...])
    let folder = HostRuntime.folder(of: target)
    guard let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      // The name is a C string of at most 255 bytes inside the entry, which lives until the next call.
      let found = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard isTemporary(found, of: name) else { continue }
      let path = folder == "." ? found : folder + found
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      Glibc.close(descriptor)
    }
  }

  private static func isTemporary(_ found: String, of name: String) -> Bool {
    guard found.hasPrefix(name + "."), found.hasSuffix(suffix) else { return false }
    let middle = found.dropFirst(name.count + 1).dropLast(suffix.count)
    return !middle.isEmpty && middle.allSatisfy { $0.isASCII && $0.isHexDigit }
  }
}
