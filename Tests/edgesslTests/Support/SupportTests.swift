import Foundation
import TestSupport
import Testing
import TinyNN

@testable import edgessl

@Suite struct JSONTests {
  @Test(arguments: [
    ("plain", "\"plain\""), ("", "\"\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("\n\r\t", "\"\\n\\r\\t\""),
    ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\\u007f\""), ("\u{2028}", "\"\\u2028\""), ("Schräubchen 🔩", "\"Schräubchen 🔩\""),
    ("a/b", "\"a/b\""),
  ])
  func stringsAreEscaped(value: String, text: String) throws {
    #expect(JSON(value).text == text)
    let parsed = try JSONSerialization.jsonObject(with: Data("[\(text)]".utf8)) as? [String]
    #expect(parsed == [value])
  }

  @Test func numbersAreReadBackExactly() throws {
    for value: Float in [0, -0.0, 0.1, 1 / 3, 1e-10, 3.4e38, .leastNonzeroMagnitude, 16_777_216] {
      #expect(Float(JSON(value).text) == value, "\(JSON(value).text)")
    }
    for value in [0.1, 2.5e-17, 1e300, -12.5] { #expect(Double(JSON(value).text) == value) }
    #expect(JSON(0.1 as Float).text == "0.1")
    #expect(JSON(Int.min).text == "-9223372036854775808")
    for value in [Double.nan, .infinity, -.infinity] { #expect(JSON(value).text == "null") }
    for value in [Float.nan, .infinity] { #expect(JSON(value).text == "null") }
  }

  @Test func objectsKeepTheirOrder() {
    var value: JSON = ["z": 1, "a": [true, false, nil], "m": ["x": 0.5], "empty": [:], "none": []]
    value.append("last", "é")
    #expect(value.text == #"{"z":1,"a":[true,false,null],"m":{"x":0.5},"empty":{},"none":[],"last":"é"}"#)
  }
}

@Suite struct ByteSizeTests {
  @Test(arguments: [
    ("32MB", 32_000_000), ("32MiB", 33_554_432), ("500kB", 500_000), ("500KB", 500_000), ("4096", 4096), ("1.5 MB", 1_500_000),
    ("2g", 2_000_000_000), ("1KiB", 1024), ("7B", 7), ("0.5kB", 500), ("1GiB", 1_073_741_824),
  ])
  func isRead(text: String, bytes: Int) { #expect(ByteSize(parsing: text)?.byteCount == bytes) }

  @Test(arguments: [
    "", "MB", "-1MB", "0", "0MB", "1e3", "32 potatoes", "32MBB", ".5MB", "5.", "1..2", "1,5MB", "nan", "inf", "99999999GB", "٣MB",
    " 3MB",
  ])
  func isRefused(text: String) { #expect(ByteSize(parsing: text) == nil) }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (40_240, "40.2 kB"), (99_960, "100 kB"), (999_499, "999 kB"),
    (999_500, "1.00 MB"),
    (1_450_000, "1.45 MB"), (139_000_000_000, "139 GB"),
  ])
  func isShown(bytes: Int, text: String) { #expect(ByteSize(bytes).description == text) }

  @Test func decimals() {
    #expect(decimal(2.5, digits: 2) == "2.50")
    #expect(decimal(0.0451, digits: 3) == "0.045")
    #expect(decimal(-0.001, digits: 2) == "0.00")
    #expect(decimal(-1.25, digits: 1) == "-1.3")
    #expect(decimal(9.999, digits: 2) == "10.00")
    #expect(decimal(.nan, digits: 2) == "nan")
    #expect([0, 12, 123, 1234, -1_234_567].map(grouped) == ["0", "12", "123", "1,234", "-1,234,567"])
  }
}

@Suite struct ProgressTests {
  @Test func saysHowLongItStillTakes() {
    #expect(Progress.line("Embedding", done: 30, total: 120, elapsed: 4_000_000_000) == "Embedding 30/120 (25 %), 12 s left")
    #expect(Progress.line("Embedding", done: 0, total: 120, elapsed: 1) == "Embedding 0/120 (0 %)")
    #expect(Progress.line("Embedding", done: 120, total: 120, elapsed: 1) == "Embedding 120/120 (100 %)")
    #expect([0.2, 59.9, 60, 200, 7500].map(Progress.duration) == ["1 s", "1 min 0 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"])
  }
}

@Suite struct ModelLocationTests {
  @Test func theOptionComesFirst() throws {
    #expect(try ModelLocation.encoder(option: "mine.tnn") == ModelLocation(path: "mine.tnn", source: .option))
    #expect(try ModelLocation.task(option: "mine.tnn") == ModelLocation(path: "mine.tnn", source: .option))
  }

  @Test func theDataFolderFollowsTheXDGSpecification() {
    #expect(ModelLocation.dataFolder("/data", home: "/home/me") == "/data")
    #expect(ModelLocation.dataFolder("relative", home: "/home/me") == "/home/me/.local/share")
    #expect(ModelLocation.dataFolder(nil, home: "/home/me") == "/home/me/.local/share")
    #expect(ModelLocation.dataFolder(nil, home: nil) == nil)
  }

  @Test func theUsersFolderIsMade() throws {
    let folder = try TemporaryFolder()
    let location = ModelLocation(path: folder.file("a/b/task.tnn"), source: .userData)
    try location.createFolder()
    try location.createFolder()
    var isFolder: ObjCBool = false
    #expect(FileManager.default.fileExists(atPath: folder.file("a/b"), isDirectory: &isFolder) && isFolder.boolValue)
    #expect(FileManager.default.fileExists(atPath: location.path) == false)

    try ModelLocation(path: folder.file("c/task.tnn"), source: .option).createFolder()
    #expect(folder.names == ["a"], "folders that the user named are the user's")

    try folder.write([1], to: "file")
    let blocked = ModelLocation(path: folder.file("file/edgessl/task.tnn"), source: .userData)
    let failure = #expect(throws: Failure.self) { try blocked.createFolder() }
    #expect(failure?.code == .cannotCreate)
  }
}

@Suite struct FailureTests {
  @Test func everyRefusalOfAModelSaysWhereAndWhatToDo() {
    for raw in UInt8(1)...255 {
      guard let reason = ModelError.Reason(rawValue: raw) else { continue }
      let line = ModelError(reason, at: 128, operator: 3, found: 5, needed: 7).explanation(in: "m.tnn")
      #expect(line.hasPrefix("m.tnn, byte 128, operator 3: "), "\(line)")
      #expect(line.split(separator: ";").count == 2, "what it is; what to do: \(line)")
      #expect(!line.contains("\n"))
    }
  }

  @Test func messagesStayOnOneLine() {
    #expect("a\nb\tc\u{1B}[31md".onOneLine == "a b c [31md")
  }

  @Test func foldersOfPaths() {
    #expect(["a/b/c", "a", "/a", "/", "a/"].map(parentFolder) == ["a/b", ".", "/", "/", "a"])
  }
}
