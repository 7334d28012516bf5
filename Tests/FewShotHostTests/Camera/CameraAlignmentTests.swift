import FewShot
import FewShotTestSupport
import HostRuntime
import Testing
import TinyNN

@testable import FewShotHost

@Suite struct CameraAlignmentTests {
  let encoder: OpenedFile
  private let inputCount = 32 * 32 * 3

  init() throws { encoder = try OpenedFile(TestPhotos.threeLayers()) }

  /// Noise around a grey that differs a little by class, as an image of `gain` times that.
  private func inputs(_ count: Int, gain: Float, seed: UInt64) -> CachedInputs {
    let cache = CutCache(count: count, entryCount: inputCount, map: nil)
    for index in 0..<count { cache.store(input(index, gain: gain, seed: seed), at: index) }
    return CachedInputs(cache, Array(0..<count))
  }

  private func input(_ index: Int, gain: Float, seed: UInt64) -> [Float] {
    var random = CounterRandom(seed: seed, stream: UInt64(index))
    let grey: Float = index % 2 == 0 ? 0.2 : 0.3
    return (0..<inputCount).map { _ in
      let value: Float = grey + random.next(from: -0.4, to: 0.4)
      return gain * value + gain - 1
    }
  }

  private func alignment(gain: Float) throws -> CameraAlignment {
    let reference = try CameraReference(
      encoder.model, labelled: inputs(8, gain: 1, seed: 1), labels: (0..<8).map { $0 % 2 })
    return CameraAlignment(reference, unlabelled: inputs(16, gain: gain, seed: 2))
  }

  @Test func theSameCameraChangesNothing() throws {
    let found = try alignment(gain: 1)
    #expect(!found.isAligned && found.shift < 1.5 * found.classShift, "\(found.shift) \(found.classShift)")
    #expect(found.file.bytes.array == encoder.memory.bytes.array)
  }

  @Test func anotherCameraIsAligned() throws {
    let found = try alignment(gain: 0.4)
    #expect(found.isAligned && found.shift > 1.5 * found.classShift, "\(found.shift) \(found.classShift)")
    let aligned = try Model(validating: found.file.bytes)
    #expect(!aligned.hasSameEncoder(as: encoder.model))
    // What the aligned encoder sees of the other camera is nearer to what the original saw of the first.
    func mean(_ file: AlignedMemory, gain: Float) throws -> [Float] {
      let rows = try InputEmbedder(file).embeddings(inputs(16, gain: gain, seed: 2).cache, Array(0..<16))
      return (0..<10).map { column in (0..<16).reduce(0) { $0 + rows[$1 * 10 + column] } / 16 }
    }
    func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    let wanted = try mean(encoder.memory, gain: 1)
    let before = distance(try mean(encoder.memory, gain: 0.4), wanted), after = distance(try mean(found.file, gain: 0.4), wanted)
    #expect(after < before / 4, "squared distance \(before) before, \(after) after")
  }

  /// Photos added one by one are rounded as in a cache: the same bits.
  @Test func photosMayComeOneByOne() throws {
    let reference = try CameraReference(encoder.model, classCount: 2)
    for index in 0..<8 { reference.add(input(index, gain: 1, seed: 1), label: index % 2) }
    let found = CameraAlignment(reference, unlabelled: inputs(16, gain: 0.4, seed: 2))
    let cached = try alignment(gain: 0.4)
    #expect(found.shift == cached.shift && found.classShift == cached.classShift)
    #expect(found.file.bytes.array == cached.file.bytes.array)
  }

  @Test func moreShiftIsNeededWhereTheThresholdSaysSo() throws {
    let reference = try CameraReference(
      encoder.model, labelled: inputs(8, gain: 1, seed: 1), labels: (0..<8).map { $0 % 2 })
    var options = CameraAlignmentOptions()
    options.threshold = 1e9
    #expect(!CameraAlignment(reference, unlabelled: inputs(4, gain: 0.4, seed: 2), options).isAligned)
  }

  @Test func anEncoderWithoutConvolutionsStaysAsItIs() throws {
    let small = try OpenedFile(TestEncoder.bytes())
    let reference = try CameraReference(small.model, classCount: 1)
    let cache = CutCache(count: 1, entryCount: 8, map: nil)
    cache.store([Float](repeating: 1, count: 8), at: 0)
    #expect(!CameraAlignment(reference, unlabelled: CachedInputs(cache, [0])).isAligned)
  }
}
