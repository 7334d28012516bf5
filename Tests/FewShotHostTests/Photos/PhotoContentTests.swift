import FewShotTestSupport
import HostRuntime
import ImageFiles
import TestSupport
import Testing
import TinyNN

@testable import FewShotHost

@Suite struct PhotoContentTests {
  let folder: TemporaryFolder
  let encoder: PhotoEncoder

  init() throws {
    folder = try TemporaryFolder()
    encoder = try PhotoEncoder(ModelRunner(bytes: TestPhotos.threeLayers()))
  }

  private func content(_ bytes: [UInt8], _ name: String = "photo.ppm") throws -> PhotoContent {
    let image = try RGBImage(contentsOf: folder.write(bytes, to: name), options: encoder.decodingOptions)
    return PhotoContent(try encoder.networkInput(image), encoder.preprocessing)
  }

  @Test func oneColourAndNearlyNoContrastAreNoContent() throws {
    for value: UInt8 in [0, 1, 128, 255] {
      let found = try content(TestPhotos.plain(value, width: 50))
      #expect(!found.isThere && found.contrast < 0.01 && abs(found.mean - Float(value)) < 0.6, "\(found.contrast) \(found.mean)")
    }
    // A covered lens whose sensor has noise of 0 to 2.
    #expect(try !content(TestPhotos.plain(0, noise: 3)).isThere)
    #expect(try content(TestPhotos.ppm("red", 0)).isThere)
  }

  /// The darkest camera that the benchmarks of shift have leaves content.
  @Test func darkPhotosHaveContent() throws {
    for colour in ["reddish", "greenish", "bluish"] {
      let dark = try TestPhotos.classes([colour], in: folder, numbers: 0..<1, factor: 0.3)[0].photos[0]
      let found = try content(contents(of: dark))
      #expect(found.isThere && found.contrast > 1.5 * PhotoContent.leastContrast, "\(colour): \(found.contrast)")
    }
  }

  @Test func copiesLookTheSameWhateverTheirFiles() throws {
    let photo = TestPhotos.ppm("red", 0)
    let first = try content(photo)
    // The same picture, each value changed by at most 1, as another compression does.
    var other = photo
    for i in (photo.count - 40 * 36 * 3)..<photo.count { other[i] = other[i] % 2 == 0 ? other[i] : other[i] - 1 }
    #expect(try first.isSame(as: content(other)))
    #expect(try !first.isSame(as: content(TestPhotos.ppm("red", 1))))
    var known = KnownContents()
    #expect(known.original(of: "a", first) == nil)
    #expect(try known.original(of: "b", content(other)) == "a")
    #expect(try known.original(of: "c", content(TestPhotos.ppm("red", 1))) == nil)
  }

  @Test func photosThatTellNothingAreLeftOutAndReportedOnce() throws {
    let good = try TestPhotos.classes(["red"], in: folder, numbers: 0..<3)[0].photos
    let black = try (0..<2).map { try folder.write(TestPhotos.plain(0, width: 40 + $0), to: "black\($0).ppm") }
    let copy = try folder.write(contents(of: good[1]), to: "copy.ppm")
    let broken = try folder.write(Array("no photo".utf8), to: "broken.jpg")
    var empty: [String] = []
    var copies: [PhotoCopy] = []
    let source = PhotoSource(encoder) { event in
      switch event {
      case .withoutContent(let photos, 7): empty += photos
      case .copies(let found, 7): copies += found
      default: break
      }
    }
    let photos = [black[0], good[0], good[1], copy, broken, black[1], good[2]]
    for _ in 0..<2 {
      var taken: [String] = []
      let found = try source.forEachTelling(photos, .statistics) { photo, input in
        #expect(input.count == encoder.preprocessing.outputCount)
        taken.append(photo.path)
      }
      #expect(taken == good && found.taken == 3 && found.offered == 7 && found.readable == 6)
      #expect(found.empty == black && found.copies == [PhotoCopy(photo: copy, original: good[1])])
    }
    #expect(empty == black && copies.count == 1 && source.skipped == [broken])
    let statistics = try EncoderStatistics(of: photos, source, .statistics)
    var expected = EncoderStatistics(dimension: encoder.dimension)
    for photo in good { expected.add(try source.embedding(of: photo)) }
    #expect(statistics.photoCount == 3 && statistics.section == expected.section)
  }
}
