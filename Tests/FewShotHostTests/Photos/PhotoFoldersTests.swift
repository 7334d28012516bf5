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
      #expect(try PhotoFolder.allPhotos(below: root).count == 7)
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
