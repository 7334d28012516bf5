import HostRuntime
import TestSupport
import Testing
import TinyNN

@Suite struct EmbedTests {
  let fixtures: PhotoFixtures
  init() throws { fixtures = try PhotoFixtures() }

  private func array(_ path: String) throws -> NPYArray {
    try contents(of: path).withUnsafeBytes { try NPYArray(ByteRegion($0), path: path) }
  }

  @Test func everyPhotoIsARow() throws {
    let photos = try ["red", "green"].map { try fixtures.folder.write(PhotoFixtures.photo($0, 1), to: "\($0).ppm") }
    let output = fixtures.folder.file("y.npy")
    let result = try Command.run(["embed", fixtures.encoder] + photos + ["-o", output, "--json"])
    #expect(result.status == 0, "\(result)")
    let both = try array(output)
    #expect(both.shape == [2, 8])
    #expect(try result.json()["dimension"] as? Int == 8)
    #expect(try Command.run(["embed", fixtures.encoder, photos[1], "-o", output, "--threads", "2"]).status == 0)
    #expect(try array(output).values.map(\.bitPattern) == both.values[8...].map(\.bitPattern))
  }

  @Test func badInput() throws {
    let output = fixtures.folder.file("y.npy")
    let good = try fixtures.folder.write(PhotoFixtures.photo("red", 1), to: "red.ppm")
    let bad = try fixtures.folder.write(Array("text".utf8), to: "bad.jpg")
    try Command.expectFailure(["embed", fixtures.encoder, good, bad, "-o", output], status: 65, "bad.jpg")
    try Command.expectFailure(["embed", fixtures.encoder, "/nowhere.jpg", "-o", output], status: 66, "/nowhere.jpg")
    try Command.expectFailure(["embed", "/nowhere.tnn", good, "-o", output], status: 66, "no such file")
    try Command.expectFailure(["embed", fixtures.encoder, good, "-o", "/nowhere/y.npy"], status: 73, "folder does not exist")
    let plain = try fixtures.folder.write(SmallModels.encoder(), to: "plain.tnn")
    try Command.expectFailure(["embed", plain, good, "-o", output], status: 65, "does not say how photos become its input")
    #expect(!fixtures.folder.names.contains("y.npy"))
  }
}
