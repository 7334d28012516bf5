import FewShotTestSupport
import HostRuntime
import ImageFiles
import TestSupport
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct CropTests {
  /// A picture in which each pixel says where it is.
  private let image = RGBImage(
    width: 40, height: 20, pixels: (0..<20).flatMap { y in (0..<40).flatMap { x in [UInt8(x), UInt8(y), 7] } })

  @Test func pixelsAreCut() throws {
    let part = try #require(Crop("10,5,8,4")?.apply(image))
    #expect(part.width == 8 && part.height == 4)
    #expect(part.pixels.prefix(3) == [10, 5, 7] && part.pixels.suffix(3) == [17, 8, 7])
  }

  @Test func percentsAreOfTheSides() throws {
    let part = try #require(Crop("25%,50%,75%,50%")?.apply(image))
    #expect(part.width == 30 && part.height == 10 && part.pixels.prefix(3) == [10, 10, 7])
    #expect(try #require(Crop("0%,0%,100%,100%")?.apply(image)) == image)
  }

  @Test(arguments: [
    "", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "1,2,3,0", "-1,2,3,4", "1%,2,3,4", "50%,0%,60%,10%", "nan,0,1,1", "1,2,3,4%",
  ])
  func otherTextIsRefused(text: String) { #expect(Crop(text) == nil) }

  @Test func whatIsOutsideIsRefused() {
    #expect(Crop("35,0,10,10")?.apply(image) == nil)
    #expect(Crop("0,15,10,10")?.apply(image) == nil)
  }
}

@Suite struct StableLabelTests {
  @Test func severalAnswersInARowMakeALabel() {
    var stable = StableLabel(needed: 3)
    var changes: [Bool] = []
    for answer in ["a", "a", "b", "a", "a", "a", "a", nil, nil, "a", nil, nil, nil] { changes.append(stable.add(answer)) }
    #expect(changes == [false, false, false, false, false, true, false, false, false, false, false, false, true])
    #expect(stable.label == "unknown")
    var single = StableLabel(needed: 1)
    let each = ["a", "b", "b"].map { single.add($0) }
    #expect(each == [true, true, false])
  }
}

@Suite struct MotionGateTests {
  private let preprocessing = try! Preprocessing(
    inputHeight: 64, inputWidth: 64, mean: SIMD3(repeating: 127.5), standardDeviation: SIMD3(repeating: 127.5))

  /// A grey slope with noise, brighter by `light`, with a white square of some side.
  private func content(noise seed: UInt64, light: Float = 0, square: Int = 0) -> PhotoContent {
    var random = CounterRandom(seed: seed)
    var values: [Float] = []
    for y in 0..<64 {
      for x in 0..<64 {
        let grey: Float = x < square && y < square ? 250 : 60 + Float(x) + light + 8 * (random.nextUnit() - 0.5)
        for _ in 0..<3 { values.append((grey - 127.5) / 127.5) }
      }
    }
    return PhotoContent(values, preprocessing)
  }

  @Test func noiseAndLightAreNoMotion() {
    var gate = MotionGate()
    let frames = (UInt64(1)..<20).map { content(noise: $0) } + [content(noise: 30, light: 15)]
    let moved = frames.map { gate.hasMoved($0) }
    #expect(moved == [true] + [Bool](repeating: false, count: 19), "the first frame, noise, and a camera that adapts")
  }

  @Test func aThingThatComesAndGoesIsMotion() {
    var gate = MotionGate()
    let frames = [
      content(noise: 1), content(noise: 2, square: 10), content(noise: 3, square: 10), content(noise: 4),
      content(noise: 5, light: 60),
    ]
    // The last one: the light is switched on.
    #expect(frames.map { gate.hasMoved($0) } == [true, true, false, true, true])
  }
}

@Suite struct UncertainFramesTests {
  /// All at right angles.
  private func embedding(_ number: Int) -> [Float] { (0..<8).map { $0 == number ? 1 : 0 } }

  @Test func copiesAreKeptOnceAndTheOldestGo() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("kept")
    let frames = try UncertainFrames(path, limit: 3)
    let file: [UInt8] = [0xFF, 0xD8, 1]
    var kept: [String] = []
    for step in 0..<5 {
      kept.append(try #require(try frames.keep(file, embedding(step), .unknown, time: 1000 * step)))
      #expect(try frames.keep(file, embedding(step), .unsure, time: 1000 * step + 1) == nil, "the same again")
    }
    #expect(try PhotoFolder.photos(in: path) == Array(kept.suffix(3)))
    #expect(kept[4].hasSuffix("/19700101T000004.000-unknown.jpg"))
  }

  @Test func framesOfAnEarlierRunCountAndOtherFilesStay() throws {
    let folder = try TemporaryFolder()
    let first = try UncertainFrames(folder.path, limit: 2)
    _ = try first.keep([0xFF, 0xD8], embedding(0), .flip, time: 0)
    _ = try first.keep([0xFF, 0xD8], embedding(1), .flip, time: 1)
    try folder.write([0xFF, 0xD8], to: "mine.jpg")
    let second = try UncertainFrames(folder.path, limit: 2)
    #expect(second.count == 2)
    _ = try second.keep([0x89, 0x50], embedding(2), .unsure, time: 2)
    #expect(folder.names == ["19700101T000000.001-flip.jpg", "19700101T000000.002-unsure.png", "mine.jpg"])
  }

  @Test func aFolderThatCannotBeIsAnError() {
    #expect(throws: FileError.self) { try UncertainFrames("/nowhere/kept", limit: 3) }
  }
}
