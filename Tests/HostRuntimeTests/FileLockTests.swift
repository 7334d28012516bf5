import Foundation
import Glibc
import HostRuntime
import TestSupport
import Testing

@Suite struct FileLockTests {
  @Test func theSecondWaitsAndGivesUp() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "task.tnn")
    let first = try FileLock(path)
    let error = #expect(throws: FileError.self) { try FileLock(path, waiting: 0.1) }
    #expect(error?.action == .lock && error?.path == path)
    withExtendedLifetime(first) {}
  }

  @Test func aReplacedFileIsLockedAnew() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "task.tnn")
    do {
      let first = try FileLock(path)
      try writeAtomically([2], to: path, replacing: first.identity)
      // The name leads to another file now, which nobody has locked.
      let second = try FileLock(path, waiting: 0.1)
      #expect(second.identity == FileIdentity(path) && second.identity != first.identity)
    }
    #expect(try FileLock(path, waiting: 0.1).identity == FileIdentity(path))
  }

  @Test func aFileThatIsNotThereYetIsLockedByItsFolder() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("task.tnn")
    let first = try FileLock(path)
    #expect(throws: FileError.self) { try FileLock(path, waiting: 0.1) }
    try writeAtomically([1], to: path, replacing: first.identity)
    #expect(try FileLock(path, waiting: 0.1).identity == FileIdentity(path))
  }

  @Test func aMissingFolderIsNoLock() throws {
    let folder = try TemporaryFolder()
    #expect(throws: Never.self) { try FileLock(folder.file("missing/task.tnn")) }
  }

  /// Threads of one process exclude each other as processes do: each opens the file by itself.
  @Test func noEditIsLost() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0], to: "counter")
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<25 {
        do {
          let lock = try FileLock(path, waiting: 60)
          try writeAtomically([try contents(of: path)[0] + 1], to: path, replacing: lock.identity)
        } catch { Issue.record(error) }
      }
    }
    #expect(try contents(of: path) == [100])
    #expect(folder.names == ["counter"])
  }
}
