import Foundation
import HostRuntime
import Testing

@testable import FewShot
@testable import FewShotHost

@Suite struct PhotoFoldersTests {
  private func withTree(_ files: [String], _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "edgessl-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for file in files {
      let url = root.appending(path: file)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(file.utf8).write(to: url)
    }
    try body(root.path)
  }

  @Test func foldersAndPhotosStandInTheOrderOfTheirBytes() throws {
    try withTree([
      "b/2.jpg", "b/10.JPG", "b/.hidden.jpg", "b/notes.txt", "b/Thumbs.db", "b/deeper/x.jpg", "B/1.png", "a/noextension",
      "a/x.heic",
      ".git/config.jpg", "top.jpg", "é/1.jpg", "z/y.tar.gz",
    ]) { root in
      let folders = try PhotoFolder.classes(in: root)
      #expect(folders.map(\.name) == ["B", "a", "b", "z", "é"])
      #expect(
        folders.map { $0.photos.map { $0.split(separator: "/").last! } } == [
          ["1.png"], ["noextension", "x.heic"], ["10.JPG", "2.jpg"], [], ["1.jpg"],
        ])
      #expect(try PhotoFolder.photos(in: root) == [root + "/top.jpg"])
      #expect(try PhotoFolder.allPhotos(below: root).count == 8)
    }
  }

  @Test func photosAreFoundAtAnyDepthAndOnceInACircle() throws {
    try withTree(["1.jpg", "b/2.jpg", "b/c/d/3.jpg", "b/c/notes.txt", "b/.hidden/4.jpg"]) { root in
      try FileManager.default.createSymbolicLink(atPath: root + "/b/c/around", withDestinationPath: "../..")
      #expect(try PhotoFolder.allPhotos(below: root) == ["1.jpg", "b/2.jpg", "b/c/d/3.jpg"].map { "\(root)/\($0)" })
    }
  }

  @Test func whatShouldBeAFileAndIsNoneStandsAmongThePhotos() throws {
    try withTree(["a/1.jpg", "a/2.txt"]) { root in
      try FileManager.default.createSymbolicLink(atPath: root + "/a/gone.jpg", withDestinationPath: "nowhere.jpg")
      try FileManager.default.createSymbolicLink(atPath: root + "/a/gone.txt", withDestinationPath: "nowhere.txt")
      try FileManager.default.createSymbolicLink(atPath: root + "/a/link.jpg", withDestinationPath: "1.jpg")
      #expect(mkfifo(root + "/a/pipe", 0o600) == 0)
      let name = Array(root.utf8) + [UInt8]("/a/z".utf8) + [0xE9, 0x2E, 0x6A, 0x70, 0x67, 0]
      close(name.withUnsafeBytes { open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o600) })
      let photos = try PhotoFolder.photos(in: root + "/a"), expected = ["1.jpg", "gone.jpg", "link.jpg", "pipe", "z\\xE9.jpg"]
      #expect(photos == expected.map { "\(root)/a/\($0)" })
      #expect(photos.map { EntryFault(of: $0) } == [nil, .brokenLink, nil, .notAFile, .nameNotUTF8])
      #expect(EntryFault(of: root + "/a/missing.jpg") == nil && EntryFault(of: root) == .notAFile)
    }
  }

  @Test func whatNoClassHasIsListed() throws {
    try withTree(["a/1.jpg", "a/inside/2.jpg", "a/inside/deeper/3.jpg", "a/empty/notes.txt", "beside.jpg", "LIST.txt", ".x"]) {
      root in
      try FileManager.default.createSymbolicLink(atPath: root + "/b", withDestinationPath: "nowhere")
      #expect(
        try PhotoFolder.unclaimed(besideClassesIn: root) == [
          UnclaimedEntry(path: root + "/a/inside", reason: .insideClass(photos: 2)),
          UnclaimedEntry(path: root + "/b", reason: .fault(.brokenLink)),
          UnclaimedEntry(path: root + "/beside.jpg", reason: .besideClasses),
        ])
      #expect(try PhotoFolder.unclaimed(inClass: root + "/a").count == 1)
    }
  }

  @Test func missingFoldersAreNamed() {
    #expect { try PhotoFolder.classes(in: "/nowhere/at all") } throws: { ($0 as? FileError)?.isMissing == true }
  }

  @Test func copiesHaveTheSameIdentifier() throws {
    try withTree(["a/1.jpg"]) { root in
      try FileManager.default.copyItem(atPath: root + "/a/1.jpg", toPath: root + "/a/2.jpg")
      try Data("other".utf8).write(to: URL(filePath: root + "/a/3.jpg"))
      let identifiers = try (1...3).map { try PhotoIdentifier.of("\(root)/a/\($0).jpg") }
      #expect(identifiers[0] == identifiers[1] && identifiers[0] != identifiers[2])
    }
  }
}
