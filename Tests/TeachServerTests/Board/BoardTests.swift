import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing

@testable import TeachServer

@Suite struct BoardTests {
  @Test func aPhotoIsInOnePlace() throws {
    var board = Board()
    try board.put([1, 2, 3], into: nil)
    try board.put([2, 4], into: "gear")
    #expect(board.unsorted == [1, 3] && board.classes == [Board.Class(name: "gear", photos: [2, 4])])
    try board.put([2], into: "nut")
    #expect(board.className(of: 2) == "nut" && board.classes[0].photos == [4] && board.photoCount == 4)
    try board.put([2], into: nil)
    #expect(board.unsorted == [1, 3, 2] && board.classes[1].photos == [])
  }

  @Test func whatIsNotThereIsRefusedAndChangesNothing() throws {
    var board = Board()
    try board.put([1], into: "gear")
    let before = board
    #expect(throws: BoardError.noSuchPhoto) { try board.remove([1, 9]) }
    #expect(throws: BoardError.noSuchClass("nut")) { try board.removeClass("nut") }
    #expect(throws: BoardError.noSuchClass("nut")) { try board.rename("nut", to: "bolt") }
    #expect(throws: BoardError.classExists("gear")) { try board.addClass("gear") }
    for name in ["", "  ", "a\nb", "a\tb", String(repeating: "x", count: 256)] {
      #expect(throws: BoardError.badName) { try board.addClass(name) }
      #expect(throws: BoardError.badName) { try board.rename("gear", to: name) }
    }
    #expect(board == before)
    try board.rename("gear", to: "Zahnrad ⚙")
    #expect(board.classes.map(\.name) == ["Zahnrad ⚙"])
  }

  @Test func thereAreLimits() throws {
    var board = Board()
    for number in 0..<Board.classLimit { try board.addClass("c\(number)") }
    #expect(throws: BoardError.tooManyClasses) { try board.addClass("more") }
    try board.put(Array(1...UInt64(Board.photoLimit)), into: "c0")
    #expect(throws: BoardError.tooManyPhotos) { try board.put([UInt64.max], into: "c1") }
    // Those that are there already may move.
    try board.put([7], into: "c1")
    #expect(board.className(of: 7) == "c1")
  }

  @Test func undoGoesBackStepByStepAndJoinsWhatWasHeld() throws {
    var history = BoardHistory(Board())
    for photo in UInt64(1)...3 {
      try history.change("adding photos to gear", joins: true) { board throws(BoardError) in try board.put([photo], into: "gear") }
    }
    try history.change("renaming gear") { board throws(BoardError) in try board.rename("gear", to: "cog") }
    #expect(history.undoable == "renaming gear" && history.keptPhotos == [1, 2, 3])
    try history.undo()
    #expect(history.board.classes[0].name == "gear" && history.undoable == "adding photos to gear")
    try history.undo()
    #expect(history.board == Board() && history.undoable == nil)
    #expect(throws: BoardError.nothingToUndo) { try history.undo() }
    // A change that changes nothing is none.
    try history.change("nothing") { _ throws(BoardError) in }
    #expect(history.undoable == nil)
  }
}

@Suite struct BoardFolderTests {
  private func photo(_ folder: BoardFolder, _ colour: String) throws -> UInt64 {
    let bytes = TestPhotos.ppm(colour, 0)
    return try folder.keep(bytes, try Teacher.decode(bytes, shortSide: 160))
  }

  @Test func aBoardIsReadAsItWasWritten() throws {
    let place = try TemporaryFolder(), folder = try BoardFolder(place.file("board"))
    let red = try photo(folder, "red"), blue = try photo(folder, "blue")
    var board = Board()
    try board.put([red], into: "red  \"ü\"")
    try board.addClass("empty")
    try board.put([blue], into: nil)
    try folder.write(board)
    #expect(try folder.read() == board)
    #expect(try folder.photo(red) == TestPhotos.ppm("red", 0))
    #expect(try folder.thumbnail(red).starts(with: [0xFF, 0xD8]))
  }

  @Test func photosThatAreGoneAreLeftOutAndStrayFilesDeleted() throws {
    let place = try TemporaryFolder(), folder = try BoardFolder(place.file("board"))
    let red = try photo(folder, "red"), blue = try photo(folder, "blue"), green = try photo(folder, "green")
    var board = Board()
    try board.put([red, blue], into: "both")
    try folder.write(board)
    try place.remove("board/photos/" + folder.photoPath(red).split(separator: "/").last!)
    #expect(try folder.read().classes[0].photos == [blue])
    folder.deleteAllBut([blue])
    #expect(!isFile(folder.photoPath(green)) && isFile(folder.photoPath(blue)))
  }

  @Test func aFolderHasOneServerAndADamagedBoardIsNotOverwritten() throws {
    let place = try TemporaryFolder(), path = place.file("board")
    let folder = try BoardFolder(path)
    #expect(throws: FileError.self) { _ = try BoardFolder(path) }
    try place.write(Array("something else\n".utf8), to: "board/board")
    #expect(throws: FileError.self) { _ = try folder.read() }
  }
}
