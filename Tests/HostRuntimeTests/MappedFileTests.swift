import Foundation
import Glibc
import HostRuntime
import TestSupport
import Testing

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
