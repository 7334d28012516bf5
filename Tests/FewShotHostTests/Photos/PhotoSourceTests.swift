import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing

@testable import FewShotHost

@Suite struct PhotoSourceTests {
  let folder: TemporaryFolder
  let encoder: PhotoEncoder

  init() throws {
    folder = try TemporaryFolder()
    encoder = try PhotoEncoder(ModelRunner(bytes: TestPhotos.threeLayers()))
  }

  /// What a reading took and told.
  private final class Record {
    var taken: [SourcePhoto] = []
    var skipped: [String] = []
    var copies: [(photo: String, original: String)] = []
    var progress: [(done: Int, total: Int)] = []

    func observe(_ event: WorkEvent) {
      switch event {
      case .skipped(let photo, _): skipped.append(photo)
      case .copy(let photo, let original): copies.append((photo, original))
      case .progress(_, let done, let total): progress.append((done, total))
      default: break
      }
    }
  }

  private func read(
    _ folders: [PhotoFolder], copies: PhotoCopies, strict: Bool = false, twice: Bool = false
  ) throws -> (Record, PhotoSource) {
    let record = Record()
    let source = PhotoSource(encoder, isStrict: strict, observer: record.observe)
    for _ in 0..<(twice ? 2 : 1) {
      try source.forEach(
        in: folders, copies: copies, .reading, extract: { _, image throws(PhotoEncoderError) in try encoder.embed(image) }
      ) { photo, embedding in
        #expect(embedding.count == 10)
        record.taken.append(photo)
      }
    }
    return (record, source)
  }

  /// Two classes: three photos, a copy, a broken file; and one photo that is also in the first class.
  private func folders() throws -> [PhotoFolder] {
    let red = try TestPhotos.classes(["red"], in: folder, numbers: 0..<3)[0].photos
    let copy = try folder.write(contents(of: red[1]), to: "copy.ppm")
    let broken = try folder.write(Array("no photo".utf8), to: "broken.jpg")
    return [
      PhotoFolder(name: "red", photos: [red[0], red[1], broken, copy, red[2]]), PhotoFolder(name: "other", photos: [red[0]]),
    ]
  }

  @Test func unreadablePhotosAreLeftOutAndCopiesCountOnce() throws {
    let folders = try folders(), red = folders[0].photos
    let (record, source) = try read(folders, copies: .once)
    #expect(record.taken.map(\.path) == [red[0], red[1], red[4], red[0]])
    #expect(record.taken.map(\.label) == [0, 0, 0, 1] && record.taken.map(\.index) == [0, 1, 4, 5])
    #expect(record.taken.map(\.position) == [0, 1, 4, 0])
    #expect(source.skipped == [red[2]] && record.skipped == [red[2]])
    #expect(record.copies.map(\.photo) == [red[3]] && record.copies.map(\.original) == [red[1]])
    #expect(record.progress.map(\.done) == Array(1...6) && record.progress.allSatisfy { $0.total == 6 })
    #expect(record.taken.allSatisfy { photo in (try? PhotoIdentifier.of(photo.path)) == photo.identifier })
  }

  @Test func allCopiesAreTakenForMeasuring() throws {
    let folders = try folders()
    let (record, _) = try read(folders, copies: .all)
    #expect(record.taken.count == 5 && record.copies.isEmpty && record.taken.allSatisfy { $0.identifier == 0 })
  }

  @Test func eachPhotoIsReportedOnce() throws {
    let (record, source) = try read(try folders(), copies: .once, twice: true)
    #expect(record.taken.count == 8 && record.skipped.count == 1 && record.copies.count == 1 && source.skipped.count == 1)
  }

  @Test func strictEndsAtTheFirstUnreadablePhoto() throws {
    let folders = try folders()
    let error = #expect(throws: PhotoError.self) { try read(folders, copies: .once, strict: true) }
    guard case .unreadable(let reason)? = error else { throw TestFailure("\(String(describing: error))") }
    #expect(reason.path == folders[0].photos[2] && error?.concernsPhoto == true)
  }

  @Test func anEncoderWithoutFiniteEmbeddingsEndsItInAnyCase() throws {
    #expect(!PhotoError.encoder(.notFinite, photo: "a").concernsPhoto)
    #expect(PhotoError.encoder(.preprocessing(.invalidField(.mean)), photo: "a").concernsPhoto)
  }

  @Test func onePhotoThrows() throws {
    let source = PhotoSource(encoder)
    #expect(throws: PhotoError.self) { try source.embedding(of: folder.file("missing.jpg")) }
    #expect(source.skipped.isEmpty)
  }

  @Test func examplesOfAClass() throws {
    let source = PhotoSource(encoder)
    let folders = try folders()
    #expect(try source.examples(of: folders[0], views: 1).count == 3)
    let broken = PhotoFolder(name: "broken", photos: [folders[0].photos[2]])
    #expect {
      try source.examples(of: broken)
    } throws: {
      guard case LearningError.noPhotos("broken") = $0 else { return false }
      return true
    }
  }

  @Test func somePhotosAreEvenlySpread() {
    #expect(Array(0..<10).evenlySpread(atMost: 4) == [0, 2, 5, 7])
    #expect(Array(0..<3).evenlySpread(atMost: 4) == [0, 1, 2])
  }
}

/// Why a test cannot go on.
struct TestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
