import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct CameraShiftTests {
  private let side = 20
  private let preprocessing: Preprocessing
  private let photo: [Float]

  init() throws {
    preprocessing = try Preprocessing(
      inputHeight: 20, inputWidth: 20, mean: SIMD3(repeating: 127.5), standardDeviation: SIMD3(repeating: 127.5))
    var random = CounterRandom(seed: 3)
    var values: [Float] = []
    for place in 0..<20 * 20 {
      for c in 0..<3 { values.append(0.8 * (Float(place % 20 / 4 + c) / 6 - 0.5) + random.next(from: -0.2, to: 0.2)) }
    }
    photo = values
  }

  private func shifted(_ name: String) throws -> [Float] {
    try #require(CameraShift(name)).apply(photo, preprocessing, row: 1, seed: 0)
  }

  private func difference(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.reduce(0, +) / Float(a.count) }

  @Test(arguments: CameraShift.Part.names + ["camera"]) func strengthMakesItWorse(_ name: String) throws {
    let steps = try [":0.25", ":0.5", ""].map { difference(try shifted(name + $0), photo) }
    #expect(steps[0] > 0 && steps[0] < steps[1] && steps[1] < steps[2], "\(name): mean differences \(steps)")
  }

  @Test func partsDoWhatTheirNamesSay() throws {
    let dark = try shifted("exposure")
    #expect(zip(dark, photo).allSatisfy { abs($0 - max(-1, 0.55 * $1 - 0.35)) < 1e-5 })
    let cast = try shifted("colour")
    #expect(cast.indices.allSatisfy { abs(cast[$0] - [1, 0.9, 0.75][$0 % 3] * photo[$0]) < 1e-5 })
    let noise = zip(try shifted("noise"), photo).map { $0 - $1 }
    let deviation = (noise.map { $0 * $0 }.reduce(0, +) / Float(noise.count)).squareRoot()
    #expect(abs(deviation - 0.1) < 0.01, "standard deviation \(deviation)")
    let middle = (10 * side + 10) * 3
    var sum: Float = 0
    for dy in -2...2 { for dx in -2...2 { sum += photo[middle + (dy * side + dx) * 3] } }
    #expect(abs(try shifted("blur")[middle] - sum / 25) < 1e-5)
  }

  /// Every coefficient of a block is its basis function: quality 100 rounds to whole steps, so the error stays small, and one
  /// colour is kept.
  @Test func jpegKeepsWhatItsQualitySays() {
    var fine = photo
    JPEGArtefacts(quality: 100).apply(&fine, height: side, width: side)
    #expect(difference(fine, photo) * 127.5 < 1, "mean error \(difference(fine, photo) * 127.5) of 255 at quality 100")
    var coarse = [Float](repeating: 0.25, count: side * side * 3)
    JPEGArtefacts(quality: 50).apply(&coarse, height: side, width: side)
    #expect(coarse.allSatisfy { abs($0 - 0.25) * 127.5 <= 1.01 }, "one colour at quality 50: \(coarse[0])")
  }

  @Test(arguments: ["", "fog", "camera:", "camera:0", "camera:1.5", "noise:-1", "blur:1:1"]) func refusesOtherNames(_ name: String)
  {
    #expect(CameraShift(name) == nil)
  }
}
