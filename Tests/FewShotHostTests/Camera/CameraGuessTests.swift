import FewShot
import Glibc
import Testing

@testable import FewShotHost

/// Photos through a camera that is known only by its own photos.
struct CameraGuessTests {
  private static let width = 32, height = 24

  /// Waves of other lengths and phases in each channel: [height][width][3], between about -0.8 and 0.8.
  private func photo(_ number: Int) -> [Float] {
    var random = CounterRandom(seed: 11, stream: UInt64(number))
    func next(_ low: Float, _ high: Float) -> Float { random.next(from: low, to: high) }
    let waves = (0..<3).map { _ in (0..<3).map { _ in (next(0.1, 0.9), next(0.1, 0.9), next(0, 6)) } }
    return (0..<Self.height * Self.width * 3).map { index in
      let (pixel, channel) = (index / 3, index % 3), x = Float(pixel % Self.width), y = Float(pixel / Self.width)
      return waves[channel].reduce(0) { $0 + 0.27 * sin($1.0 * x + $1.1 * y + $1.2) }
    }
  }

  private func photos(_ count: Int = 6) -> [[Float]] { (0..<count).map(photo) }

  private func noise(_ number: Int, deviation: Float) -> [Float] {
    var random = CounterRandom(seed: 12, stream: UInt64(number))
    return (0..<Self.height * Self.width * 3).map { _ in random.next(from: -1, to: 1) * deviation * Float(3).squareRoot() }
  }

  private func look(_ photos: [[Float]]) -> CameraLook {
    var look = CameraLook()
    for photo in photos { look.add(photo, width: Self.width) }
    return look
  }

  private func guess(_ labelled: [[Float]], _ camera: [[Float]]) -> CameraGuess {
    CameraGuess(
      labelled: look(labelled), smoothed: look(labelled.map { CameraGuess.smoothed($0, width: Self.width) }),
      camera: look(camera))
  }

  private func largestDifference(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

  @Test func theLookOfPlainAndOfCheckeredPhotos() {
    let plain = look([[Float](repeating: 0.5, count: 8 * 8 * 3)])
    #expect(plain.count == 1 && plain.mean == SIMD3(repeating: 0.5) && plain.variance == SIMD3() && plain.difference == SIMD3())
    let board = (0..<Self.height * Self.width * 3).map { index -> Float in
      let pixel = index / 3
      return (pixel % Self.width + pixel / Self.width) % 2 == 0 ? Float(1 + index % 3) : -Float(1 + index % 3)
    }
    // Values of -c and c alternate: their variance is c^2, the square of neighbours' differences 4 c^2.
    let found = look([board, board.map { $0 + 2 }])
    #expect(found.count == 2 && abs(found.mean - SIMD3(repeating: 1)).max() < 1e-6, "\(found)")
    #expect(abs(found.variance - SIMD3(1, 4, 9)).max() < 1e-5 && abs(found.difference - SIMD3(4, 16, 36)).max() < 1e-5, "\(found)")
    #expect(CameraLook().mean == SIMD3() && CameraLook().count == 0)
  }

  @Test func anotherExposureIsFoundAgain() {
    let labelled = photos()
    let gains: [Float] = [0.5, 0.4, 0.3], levels: [Float] = [-0.2, 0.1, -0.4]
    func through(_ photo: [Float]) -> [Float] { photo.indices.map { gains[$0 % 3] * photo[$0] + levels[$0 % 3] } }
    let guess = guess(labelled, labelled.map(through))
    for (number, photo) in labelled.enumerated() {
      let found = guess.apply(photo, width: Self.width, stream: UInt64(number))
      #expect(largestDifference(found, through(photo)) < 0.02, "photo \(number)")
    }
  }

  @Test func theSameCameraChangesNothing() {
    let labelled = photos()
    #expect(largestDifference(guess(labelled, labelled).apply(labelled[0], width: Self.width, stream: 1), labelled[0]) < 1e-4)
  }

  @Test func aBlurredCameraSmooths() {
    let labelled = photos(), blurred = labelled.map { CameraGuess.smoothed($0, width: Self.width) }
    let guess = guess(labelled, blurred)
    for (photo, wanted) in zip(labelled, blurred) {
      let found = guess.apply(photo, width: Self.width, stream: 0)
      #expect(largestDifference(found, wanted) < largestDifference(photo, wanted) / 10, "\(largestDifference(found, wanted))")
    }
  }

  @Test func aNoisyCameraHasItsNoise() {
    let labelled = photos()
    let camera = labelled.enumerated().map { number, photo in zip(photo, noise(number, deviation: 0.2)).map(+) }
    let guess = guess(labelled, camera)
    let found = look(labelled.enumerated().map { guess.apply($1, width: Self.width, stream: UInt64($0)) }), wanted = look(camera)
    for channel in 0..<3 {
      #expect(abs(found.variance[channel] / wanted.variance[channel] - 1) < 0.1, "channel \(channel): \(found) \(wanted)")
      #expect(abs(found.difference[channel] / wanted.difference[channel] - 1) < 0.1, "channel \(channel): \(found) \(wanted)")
    }
    // Each photo has its own noise, the same on every run.
    let once = guess.apply(labelled[0], width: Self.width, stream: 5)
    #expect(once == guess.apply(labelled[0], width: Self.width, stream: 5))
    #expect(once != guess.apply(labelled[0], width: Self.width, stream: 6))
  }

  @Test func photosOfNoiseGetNoMore() {
    let labelled = (0..<6).map { noise($0, deviation: 0.3) }, camera = labelled.map { $0.map { $0 * 0.5 } }
    let found = guess(labelled, camera).apply(labelled[0], width: Self.width, stream: 0)
    #expect(largestDifference(found, camera[0]) < 0.02)
  }

  @Test func smoothingKeepsPlainPhotosAndStopsAtEdges() {
    let plain = [Float](repeating: 0.25, count: 7 * 9 * 3)
    #expect(largestDifference(CameraGuess.smoothed(plain, width: 9), plain) < 1e-6)
    // One bright pixel in the corner spreads over 3 x 3 places, each of which sees fewer neighbours the nearer to the corner it is.
    var spot = [Float](repeating: 0, count: 7 * 9 * 3)
    spot[0] = 1
    let found = CameraGuess.smoothed(spot, width: 9)
    #expect(abs(found[0] - 1 / 9) < 1e-6 && abs(found[3 * 2] - 1 / 15) < 1e-6 && found[3 * 3] == 0, "\(found[0]) \(found[6])")
    #expect(found.indices.filter { $0 % 3 != 0 }.allSatisfy { found[$0] == 0 })
  }
}

private func abs(_ value: SIMD3<Double>) -> SIMD3<Double> { value.replacing(with: -value, where: value .< 0) }
