import Foundation
import TestSupport
import Testing

@testable import edgessl

@Suite struct ShippedEncodersTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func theyAreLookedForAroundTheExecutable() {
    #expect(
      ShippedEncoders.folders(executable: "/opt/edgessl/bin/edgessl", current: ".") == [
        "/opt/edgessl/share/edgessl/models", "/opt/edgessl/bin/models", "/opt/edgessl/models", "/opt/models", "models",
      ])
    #expect(ShippedEncoders.folders(executable: nil, current: "/here") == ["/here/models"])
  }

  @Test func aNameLeadsToItsFile() throws {
    for path in ["a", "b"] { try FileManager.default.createDirectory(atPath: folder.file(path), withIntermediateDirectories: true) }
    let files = try ["a/a.tnn", "a/a-int8.tnn", "b/b-int8.tnn"].map { try folder.write([1], to: $0) }
    // An encoder elsewhere than its name says has no name.
    _ = try folder.write([1], to: "b/c.tnn")
    let shipped = ShippedEncoders(folder: folder.path)
    #expect(shipped.names == ["a", "a-int8", "b-int8"])
    #expect(["a", "a-int8", "b-int8"].map { shipped.path(of: $0) } == files)
    #expect(shipped.path(of: "b") == files[2] && shipped.path(of: "c") == nil)
  }

  @Test func accuraciesAreRead() throws {
    _ = try folder.write(Array("# remarks\na 62.5 78\nbroken 1\na-int8 62.4 77.9\n".utf8), to: "accuracy.txt")
    #expect(
      ShippedEncoders(folder: folder.path).accuracies() == [
        "a": .init(oneShot: 62.5, fiveShot: 78), "a-int8": .init(oneShot: 62.4, fiveShot: 77.9),
      ])
  }

  @Test func aPathStaysAPath() throws {
    for path in ["mine.tnn", "./edge-s", "folder/edge-s"] { #expect(try encoderFile(path) == path) }
  }
}
