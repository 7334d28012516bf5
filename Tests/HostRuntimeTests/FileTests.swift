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
}

@Suite struct MappedFileTests {
  @Test func mapsTheBytes() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try MappedFile(folder.write(bytes, to: "file"))
    #expect(file.bytes.count == bytes.count)
    #expect(bytes.indices.allSatisfy { file.bytes.load(UInt8.self, at: $0) == bytes[$0] })
  }

  @Test func aMissingFile() throws {
    let error = #expect(throws: FileError.self) { try MappedFile("/nonexistent/file") }
    #expect(error?.isMissing == true)
  }

  @Test func anEmptyFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([], to: "empty")
    let error = #expect(throws: FileError.self) { try MappedFile(path) }
    #expect(error?.action == .readEmpty)
  }

  @Test(arguments: ["/", "/dev/null"]) func notARegularFile(path: String) throws {
    let error = #expect(throws: FileError.self) { try MappedFile(path) }
    #expect(error?.isMissing == false && error?.code == EISDIR)
  }
}
