import FewShotTestSupport
import Foundation
import HostRuntime
import TestSupport
import Testing

@testable import TeachServer

/// Teaching over real HTTP on loopback.
@Suite(.serialized) struct TeachingTests {
  @Test func classesAreTaughtLearnedAndAsked() throws {
    let board = try TestBoard()
    #expect(try board.post("/api/classify", TestPhotos.ppm("red", 9)).status == 409)
    #expect(try board.get("/api/task").status == 404)
    try board.teach("red")
    let blue = try board.teach("blue")
    // The same photo again is no new one.
    #expect(try board.post("/api/photos?class=blue", TestPhotos.ppm("blue", 0)).json()["new"] as? Bool == false)
    #expect(try board.counts() == ["red": 4, "blue": 4])
    let learned = try board.work("/api/learn"), result = try #require(learned["result"] as? [String: Any])
    #expect(learned["state"] as? String == "done" && (result["classes"] as? [Any])?.count == 2, "\(learned)")
    #expect((learned["sentence"] as? String)?.hasPrefix("Learned 2 classes from 8 photos by ") == true, "\(learned)")
    for colour in ["red", "blue"] {
      let answer = try board.post("/api/classify", TestPhotos.ppm(colour, 9))
      #expect(try answer.json()["label"] as? String == colour, "\(answer)")
    }
    let task = try board.get("/api/task")
    #expect(task.status == 200 && task.headers["content-disposition"] == "attachment; filename=\"task.tnn\"")
    #expect(try task.body == contents(of: board.folder.file("board/task.tnn")))
    #expect(try (board.board()["task"] as? [String: Any])?["upToDate"] as? Bool == true)
    #expect(try board.post("/api/remove?photo=\(blue[0])").status == 200)
    #expect(try (board.board()["task"] as? [String: Any])?["upToDate"] as? Bool == false)
  }

  @Test func changesAreUndoneAndForgotten() throws {
    let board = try TestBoard()
    let red = try board.teach("red", 0..<2)
    #expect(try board.post("/api/rename?class=red&to=rot").status == 200)
    #expect(try board.post("/api/remove?photo=\(red[0])").status == 200)
    #expect(try board.counts() == ["rot": 1])
    // A removed photo can still be seen, so that undo can show it.
    #expect(try board.get("/api/thumbnail?photo=\(red[0])").status == 200)
    #expect(try board.post("/api/undo").status == 200)
    #expect(try board.counts() == ["rot": 2])
    #expect(try board.post("/api/undo").status == 200)
    #expect(try board.counts() == ["red": 2])
    #expect(try board.post("/api/remove?class=red").status == 200)
    #expect(try board.post("/api/forget").status == 200)
    #expect(try board.get("/api/photo?photo=\(red[0])").status == 404)
    #expect(try FileManager.default.contentsOfDirectory(atPath: board.folder.file("board/photos")).isEmpty)
    #expect(try board.post("/api/undo").sentence() == "there is nothing to undo")
  }

  @Test func theBoardIsThereAfterANewStart() throws {
    let board = try TestBoard()
    let red = try board.teach("red")
    try board.teach("blue")
    try board.teach("green", 0..<3, isUnsorted: true)
    _ = try board.work("/api/learn")
    #expect(try board.post("/api/remove?photo=\(red[0])").status == 200)
    try board.restart()
    #expect(try board.counts() == ["red": 3, "blue": 4])
    #expect(try (board.board()["unsorted"] as? [String])?.count == 3)
    #expect(try board.post("/api/classify", TestPhotos.ppm("blue", 9)).json()["label"] as? String == "blue")
    // Removed photos go with the history.
    #expect(!isFile(board.folder.file("board/photos/\(red[0])")))
  }

  @Test func reviewFindsAPhotoInTheWrongClass() throws {
    let board = try TestBoard()
    try board.teach("red", 0..<6)
    try board.teach("blue", 0..<6)
    let wrong = try board.teach("red", 20..<21, to: "blue")[0]
    let review = try board.work("/api/review"), result = try #require(review["result"] as? [String: Any])
    let suspects = try #require(result["suspects"] as? [[String: Any]])
    #expect(suspects.map { $0["photo"] as? String } == [wrong] && suspects[0]["looksLike"] as? String == "red", "\(review)")
    #expect((result["enough"] as? [String])?.count == 2, "\(review)")
  }

  @Test func suggestionsAreMovedManyAtOnce() throws {
    let board = try TestBoard()
    #expect(try board.work("/api/suggest")["state"] as? String == "failed")
    let unsorted = try ["red", "blue", "green"].flatMap { try board.teach($0, 0..<4, isUnsorted: true) }
    let work = try board.work("/api/suggest?count=3"), result = try #require(work["result"] as? [String: Any])
    let chosen = try #require(result["photos"] as? [[String: Any]]).map { $0["photo"] as! String }
    #expect(chosen.count == 3 && Set(chosen).isSubset(of: unsorted), "\(work)")
    let form = (["class=mixed"] + chosen.map { "photo=\($0)" }).joined(separator: "&")
    let moved = try board.post("/api/move", Array(form.utf8), ["Content-Type": "application/x-www-form-urlencoded"])
    #expect(moved.status == 200, "\(moved)")
    #expect(try board.counts() == ["mixed": 3])
    #expect(try (board.board()["unsorted"] as? [String])?.count == 9)
  }

  @Test func framesComeFromTheCameraWithAnswers() throws {
    let board = try TestBoard { options, folder in
      options.source = folder.file("camera")
      try FileManager.default.createDirectory(atPath: folder.file("camera"), withIntermediateDirectories: true)
    }
    func show(_ colour: String, _ number: Int) throws {
      try board.folder.write(TestPhotos.ppm(colour, number), to: "camera/.next")
      try FileManager.default.moveItem(
        atPath: board.folder.file("camera/.next"), toPath: board.folder.file("camera/\(colour)\(number).ppm"))
    }
    #expect(try board.post("/api/frames?class=red").status == 409)
    var frame = 0
    for colour in ["red", "blue"] {
      for number in 0..<3 {
        try show(colour, number)
        let shown = try board.get("/api/frame?after=\(frame)")
        frame = try #require(shown.headers["edgessl-frame"].flatMap { Int($0) }, "\(shown)")
        #expect(shown.body == TestPhotos.ppm(colour, number) && shown.headers["content-type"] == "image/x-portable-anymap")
        #expect(try board.post("/api/frames?class=\(colour)").status == 200)
      }
    }
    #expect(try board.counts() == ["red": 3, "blue": 3])
    #expect(try board.work("/api/learn")["state"] as? String == "done")
    // Looked at from now on.
    try show("blue", 10)
    let first = try board.get("/api/frame?after=\(frame)")
    frame = try #require(first.headers["edgessl-frame"].flatMap { Int($0) })
    try show("red", 11)
    let shown = try board.get("/api/frame?after=\(frame)")
    let answer = try JSONSerialization.jsonObject(with: Data((shown.headers["edgessl-answer"] ?? "").utf8)) as? [String: Any]
    #expect(answer?["label"] as? String == "red" && answer?["unknown"] is Bool && answer?["milliseconds"] is Double, "\(shown)")
  }
}
