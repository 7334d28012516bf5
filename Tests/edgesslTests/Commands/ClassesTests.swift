import FewShotHost
import HostRuntime
import ModelCompiler
import TestSupport
import Testing
import TinyNN

@Suite struct ClassesTests {
  let fixtures: PhotoFixtures
  let task: String

  init() throws {
    fixtures = try PhotoFixtures()
    task = try fixtures.makeTask()
  }

  private func classes(_ options: [String] = []) throws -> [String: Int] {
    let result = try Command.run(["classes", task] + options + ["--json"])
    #expect(result.status == 0, "\(result)")
    let list = try #require(try result.json()["classes"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: list.map { ($0["name"] as! String, $0["photos"] as! Int) })
  }

  private func sections() throws -> [[UInt8]] {
    let memory = AlignedMemory(copying: try contents(of: task))
    let model = try Model(validating: memory.bytes)
    return [SectionKind.classes, .examples, .head].map { model.section($0).array }
  }

  @Test func listingChangesNothing() throws {
    let before = try contents(of: task)
    #expect(try classes() == ["red": 4, "green": 4, "blue": 4])
    let text = try Command.run(["classes", task, "--list"])
    #expect(text.output == "blue  4 photos\ngreen  4 photos\nred  4 photos\n", "\(text)")
    #expect(try contents(of: task) == before)
  }

  @Test func onePhotoIsForgottenAndTasksAreMerged() throws {
    let before = try sections()
    let other = fixtures.folder.file("other.tnn")
    let white = try fixtures.addClass("white", in: "new")
    try fixtures.folder.write(contents(of: task), to: "other.tnn")
    let learned = try Command.run(["classes", other, "--add", "white=\(white)", "--list", "--json"])
    let list = try #require(try learned.json()["classes"] as? [[String: Any]])
    let photos = try #require(list.first { $0["name"] as? String == "white" }?["identifiers"] as? [String])
    #expect(photos.count == 4, "\(learned)")
    #expect(try classes(["--merge", other]) == ["red": 4, "green": 4, "blue": 4, "white": 4])
    #expect(try classes(["--merge", other])["white"] == 4, "merging again adds nothing")
    #expect(try classes(["--remove-photo", photos[0]])["white"] == 3)
    #expect(try classes(["--remove", "white"]) == ["red": 4, "green": 4, "blue": 4])
    #expect(try sections() == before)
    try Command.expectFailure(["classes", task, "--remove-photo", "12"], status: 64, "16 hexadecimal digits")
    let missing = try Command.run(["classes", task, "--remove-photo", photos[0]])
    #expect(missing.status == 65 && missing.errors.contains("no class has a photo \(photos[0])"), "\(missing)")
  }

  @Test func theTaskFilesOfAFolderAreMerged() throws {
    let file = try contents(of: task), photos = try fixtures.addClass("white", in: "fleet")
    for name in ["white", "grey"] {
      try fixtures.folder.write(file, to: "fleet/\(name).tnn")
      _ = try Command.run(["classes", fixtures.folder.file("fleet/\(name).tnn"), "--add", "\(name)=\(photos)"])
    }
    try fixtures.folder.write([1], to: "fleet/notes.txt")
    let fleet = fixtures.folder.file("fleet"), single = try fixtures.folder.write(file, to: "single.tnn")
    let merged = try Command.run(["classes", task, "--merge", fleet])
    #expect(merged.errors.contains("fleet: 2 task files, 8 new photos"), "\(merged)")
    _ = try Command.run(["classes", single, "--merge", fleet + "/white.tnn", "--merge", fleet + "/grey.tnn"])
    #expect(try contents(of: single) == contents(of: task))

    let before = try contents(of: task)
    try fixtures.folder.write([1], to: "fleet/broken.tnn")
    let refused = try Command.run(["classes", task, "--merge", fleet])
    #expect(refused.status == 65 && refused.errors.contains("fleet/broken.tnn"), "\(refused)")
    let empty = try Command.run(["classes", task, "--merge", fixtures.folder.file("photos")])
    #expect(empty.status == 65 && empty.errors.contains("photos: a folder without task files (*.tnn)"), "\(empty)")
    #expect(try contents(of: task) == before)
  }

  @Test func editsNeedNoOldPhotosAndCanBeUndone() throws {
    let before = try sections()
    let new = try fixtures.addClass("white", in: "new")
    try fixtures.folder.remove("photos")
    #expect(try classes(["--add", "snow=\(new)"]) == ["red": 4, "green": 4, "blue": 4, "snow": 4])
    let white = try fixtures.folder.write(PhotoFixtures.photo("white", 70), to: "w.ppm")
    #expect(try Command.run(["classify", white, "--model", task, "--json"]).json()["label"] as? String == "snow")
    #expect(try classes(["--rename", "snow=paper=white"]) == ["red": 4, "green": 4, "blue": 4, "paper=white": 4])
    #expect(try classes(["--remove", "paper=white"]) == ["red": 4, "green": 4, "blue": 4])
    #expect(try sections() == before, "adding, then removing a class restores the same bytes")
    #expect(try classes(["--undo"]).keys.contains("paper=white"))
    #expect(try classes(["--undo"]).keys.contains("snow"))
    #expect(try classes(["--undo"]) == ["red": 4, "green": 4, "blue": 4])
    #expect(try sections() == before)
    let nothing = try Command.run(["classes", task, "--undo"])
    #expect(nothing.status == 65 && nothing.errors.contains("nothing to undo"), "\(nothing)")
  }

  @Test func classesThatSharePhotosAreNamed() throws {
    let red = fixtures.folder.file("photos/red"), warning = "warning: classes 'red' and 'rouge' have 4 photos in common, which"
    let other = try fixtures.folder.write(contents(of: task), to: "other.tnn")
    let renamed = try Command.run(["classes", other, "--rename", "red=rouge"])
    #expect(renamed.status == 0 && !renamed.errors.contains("in common"), "\(renamed)")
    let merged = try Command.run(["classes", task, "--merge", other])
    #expect(merged.status == 0 && merged.errors.contains(warning), "\(merged)")
    #expect(try !Command.run(["classes", task, "--undo"]).errors.contains("in common"))
    let added = try Command.run(["classes", task, "--add", "rouge=\(red)"])
    #expect(added.status == 0 && added.errors.contains(warning), "\(added)")
    let photo = try PhotoIdentifier.text(PhotoIdentifier.of(red + "/0.ppm"))
    let removed = try Command.run(["classes", task, "--remove-photo", photo])
    #expect(removed.errors.contains("edgessl: \(photo): went from 2 classes: 'red', 'rouge'\n"), "\(removed)")
    #expect(removed.errors.contains("'red' and 'rouge' have 3 photos in common"), "\(removed)")
    #expect(try !Command.run(["classes", task, "--list"]).errors.contains("in common"), "a look changes nothing")
  }

  @Test func morePhotosOfAKnownClass() throws {
    let more = try fixtures.addClass("red", in: "more", numbers: 2..<9)
    let result = try Command.run(["classes", task, "--add", "red=\(more)", "--json"])
    #expect(result.errors.contains("'red': 5 new photos, 2 known already"), "\(result)")
    #expect(try classes() == ["red": 9, "green": 4, "blue": 4])
  }

  @Test func editsOfOneCallAreOneStep() throws {
    let new = try fixtures.addClass("white", in: "new")
    #expect(
      try classes(["--add", "white=\(new)", "--remove", "blue", "--rename", "red=rouge"]) == ["rouge": 4, "green": 4, "white": 4])
    #expect(try classes(["--undo"]) == ["red": 4, "green": 4, "blue": 4])
  }

  @Test func refusedEditsLeaveTheFileAsItIs() throws {
    let before = try contents(of: task)
    func expectFailure(_ options: [String], _ status: Int32, _ message: String) throws {
      let result = try Command.run(["classes", task] + options)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(result)")
      #expect(try contents(of: task) == before)
    }
    try expectFailure(["--remove", "purple"], 65, "no class 'purple'")
    try expectFailure(["--remove", "red", "--remove", "blue"], 65, "at least two classes")
    try expectFailure(["--rename", "red=blue"], 65, "a class 'blue' already")
    try expectFailure(["--rename", "red"], 64, "OLD=NEW")
    try expectFailure(["--add", "new"], 64, "NAME=DIR")
    try expectFailure(["--add", "new=/nowhere"], 66, "no such folder")
    try expectFailure(["--add", "new=\(try fixtures.folder.makeFolder("empty"))"], 65, "has no photos")
    try expectFailure(["--undo", "--remove", "red"], 64, "--undo goes alone")
    try expectFailure(["--add", "bad\u{7}name=\(try fixtures.addClass("white", in: "new"))"], 65, "cannot be a class's name")
    let encoder = try Command.run(["classes", fixtures.encoder])
    #expect(encoder.status == 65 && encoder.errors.contains("knows no classes yet"), "\(encoder)")
  }
}
