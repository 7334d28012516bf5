import Foundation
import Glibc
import HostRuntime
import TestSupport
import Testing

@Suite struct AtomicWriteTests {
  @Test func writesNewFilesAndReplacesOldOnes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.tnn")
    let large = [UInt8](repeating: 7, count: 3 << 20)
    for bytes in [large, [1, 2, 3], []] {
      try writeAtomically(bytes, to: path)
      #expect(try contents(of: path) == bytes)
      #expect(folder.names == ["model.tnn"], "nothing else is left in the folder")
    }
  }

  @Test func aMissingFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("missing/model.tnn")
    let error = #expect(throws: FileError.self) { try writeAtomically([1], to: path) }
    #expect(error?.code == ENOENT && error?.path == path && error?.isMissing == false, "\(String(describing: error))")
  }

  @Test func aFullDiskIsReported() throws {
    let error = #expect(throws: FileError.self) { try writeAtomically([1, 2, 3], to: "/dev/full") }
    #expect(error?.code == ENOSPC, "\(String(describing: error))")
    var status = stat()
    #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR, "the device is still a device")
  }

  @Test func aFailureLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    // The name is allowed, but not the longer name of the temporary file.
    let name = String(repeating: "m", count: Int(NAME_MAX))
    let path = try folder.write([1, 2, 3], to: name)
    let error = #expect(throws: FileError.self) { try writeAtomically([4, 5], to: path) }
    #expect(error?.code == ENAMETOOLONG, "\(String(describing: error))")
    #expect(try contents(of: path) == [1, 2, 3])
    #expect(folder.names == [name])
  }

  @Test func aTemporaryFileFromBeforeAPowerCutIsNoObstacle() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([9, 9], to: "model.tnn.\(getpid()).tmp")
    try writeAtomically([1], to: folder.file("model.tnn"))
    #expect(try contents(of: folder.file("model.tnn")) == [1])
    #expect(folder.names == ["model.tnn"])
  }

  @Test func aSymbolicLinkStays() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write([1], to: "target.tnn")
    let link = folder.file("link.tnn")
    symlink(target, link)
    try writeAtomically([2], to: link)
    #expect(try contents(of: target) == [2])
    var status = stat()
    #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func aFolderIsRefused() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: FileError.self) { try writeAtomically([1], to: folder.path) }
    #expect(error?.code == EISDIR)
  }

  @Test func pathsWithoutAFolderAreRelativeToTheCurrentOne() throws {
    let name = "edgessl-test-\(UUID().uuidString)"
    defer { unlink(name) }
    try writeAtomically([5], to: name)
    #expect(try contents(of: name) == [5])
  }

  @Test func whoseLockIsHeldIsNotAbandoned() throws {
    let folder = try TemporaryFolder()
    let other = try folder.write([9, 9], to: "model.tnn.0123456789abcdef.tmp")
    let descriptor = open(other, O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try writeAtomically([1], to: folder.file("model.tnn"))
    #expect(folder.names == ["model.tnn", "model.tnn.0123456789abcdef.tmp"], "another writer is still at work")
    _ = try folder.write([3], to: "model.tnn.notes.tmp")
    flock(descriptor, LOCK_UN)
    try writeAtomically([2], to: folder.file("model.tnn"))
    #expect(folder.names == ["model.tnn", "model.tnn.notes.tmp"], "a person's file stays")
  }

  @Test(arguments: [0o600, 0o664, 0o440] as [mode_t]) func modeAndOwnerOfAReplacedFileStay(_ mode: mode_t) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "task.tnn")
    #expect(chmod(path, mode) == 0)
    let isRoot = geteuid() == 0
    if isRoot { #expect(chown(path, 1000, 33) == 0) }
    try writeAtomically([2], to: path)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == mode, "mode \(String(status.st_mode & 0o7777, radix: 8))")
    if isRoot { #expect(status.st_uid == 1000 && status.st_gid == 33, "owner \(status.st_uid):\(status.st_gid)") }
  }

  @Test func aNewFileKeepsToTheUmask() throws {
    let folder = try TemporaryFolder()
    let before = umask(0o077)
    defer { umask(before) }
    try writeAtomically([1], to: folder.file("task.tnn"))
    var status = stat()
    #expect(stat(folder.file("task.tnn"), &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func whatChangedSinceItWasReadIsNotReplaced() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "task.tnn")
    let read = FileIdentity(path)
    try writeAtomically([2], to: path)
    let error = #expect(throws: FileError.self) { try writeAtomically([3], to: path, replacing: read) }
    #expect(error?.action == .replaceChanged && error?.isTemporary == true)
    #expect(try contents(of: path) == [2])
    #expect(folder.names == ["task.tnn"])
    try writeAtomically([4], to: path, replacing: FileIdentity(path))
    #expect(try contents(of: path) == [4])
  }
}
