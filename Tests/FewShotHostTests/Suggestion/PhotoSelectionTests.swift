import FewShotTestSupport
import HostRuntime
import TestSupport
import Testing
import TinyNN

@testable import FewShot
@testable import FewShotHost

@Suite struct PhotoSelectionTests {
  @Test(arguments: [0, 1, 2] as [UInt64])
  func eachGroupGivesItsMostTypicalPhoto(seed: UInt64) {
    let points = Points(classes: 4, count: 12, seed: seed + 1)
    let choices = PhotoSelection(points.matrix, photoCount: 48, seed: seed).choose(4)
    #expect(Set(choices.map { $0.row / 12 }).count == 4, "seed \(seed): \(choices)")
    #expect(choices.map(\.cluster) == [0, 1, 2, 3])
    for choice in choices {
      // By hand: the mean of the five largest cosines inside the group.
      let group = (choice.row / 12 * 12)..<(choice.row / 12 * 12 + 12)
      let typicality = group.map { row in
        let cosines = group.filter { $0 != row }.map { points.matrix[row].dot(points.matrix[$0]) }
        return cosines.sorted(by: >).prefix(5).reduce(0, +) / 5
      }
      let best = group.lowerBound + typicality.indices.max { typicality[$0] < typicality[$1] }!
      #expect(choice.row == best && abs(choice.typicality - typicality.max()!) < 1e-5, "seed \(seed): \(choice), \(typicality)")
    }
    #expect(PhotoSelection(points.matrix, photoCount: 48, seed: seed).choose(4) == choices)
    withExtendedLifetime(points) {}
  }

  @Test func groupsWithLabelsComeLast() {
    // Of groups 0 and 1 there are labelled points behind the photos.
    var source = SyntheticClasses(classes: 4, dimension: 16, spread: 0.2)
    let photos = (0..<4).flatMap { label in (0..<10).map { _ in source.embedding(ofClass: label) } }
    let points = Points(photos + [source.embedding(ofClass: 0), source.embedding(ofClass: 1)])
    let choices = PhotoSelection(points.matrix, photoCount: 40).choose(2)
    #expect(Set(choices.map { $0.row / 10 }) == [2, 3], "\(choices)")
    #expect(choices.allSatisfy { $0.labelled == 0 })
    withExtendedLifetime(points) {}
  }

  @Test func theSameSceneCountsOnce() {
    var source = SyntheticClasses(classes: 2, dimension: 16, spread: 0.6)
    let same = source.embedding(ofClass: 0)
    let points = Points([[Float]](repeating: same, count: 30) + (0..<3).map { _ in source.embedding(ofClass: 1) })
    let choices = PhotoSelection(points.matrix, photoCount: 33).choose(10)
    #expect(choices.count { $0.row < 30 } == 1, "\(choices)")
    #expect(choices.count == 4)
    withExtendedLifetime(points) {}
  }

  @Test func doubtsDecideAmongGroups() {
    let points = Points(classes: 3, count: 10)
    // Of group 2 the task is unsure.
    let doubts = (0..<30).map { Float($0 >= 20 ? 0.9 : 0.1) + Float($0 % 10) * 0.001 }
    let selection = PhotoSelection(points.matrix, photoCount: 30)
    #expect(selection.choose(3, order: .unsureClusters, doubts: doubts)[0].row / 10 == 2)
    let photos = selection.choose(3, order: .unsurePhotos, doubts: doubts)
    #expect(photos.map(\.row).sorted() == [9, 19, 29], "the least sure photo of each group: \(photos)")
    withExtendedLifetime(points) {}
  }
}

@Suite struct PhotoPoolTests {
  /// Bytes of this process that no file backs.
  private func anonymousBytes() throws -> Int {
    let status = String(decoding: try contents(of: "/proc/self/status"), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
    return try #require(Int(line.split(separator: " ")[1])) * 1024
  }

  @Test func aHundredThousandPhotosTakeLittleMemory() throws {
    let count = 100_000, dimension = 160
    let folder = try TemporaryFolder()
    let pool = try PhotoPool(capacity: count, labelled: [], dimension: dimension, in: "/var/tmp")
    var random = CounterRandom(seed: 3)
    let before = try anonymousBytes()
    var embedding = [Float](repeating: 0, count: dimension)
    for index in 0..<count {
      for _ in 0..<4 { embedding[random.next(below: dimension)] = random.nextUnit() }
      pool.add("photo-\(index).jpg", embedding, doubt: nil)
    }
    let grown = try anonymousBytes() - before
    #expect(pool.photos.count == count)
    // 64 MB of embeddings and 77 MB of pictures are in files; names take 16 to 64 bytes each.
    #expect(grown < 20_000_000, "\(grown) bytes")
    #expect(folder.names.isEmpty)
  }

  @Test func aFullDiskIsAnError() throws {
    let error = #expect(throws: FileError.self) { try ScratchFile(byteCount: 1 << 50, in: "/var/tmp") }
    #expect(error?.path == "/var/tmp")
    #expect(throws: FileError.self) { try ScratchFile(byteCount: 1, in: "/nowhere") }
  }

  @Test func copiesAndPhotosWithoutContentAreLeftOut() throws {
    let folder = try TemporaryFolder()
    let encoder = try folder.write(TestPhotos.threeLayers(), to: "encoder.tnn")
    let photo = TestPhotos.ppm("red", 1)
    let paths = [
      try folder.write(photo, to: "a.ppm"), try folder.write(photo, to: "b.ppm"),
      try folder.write(TestPhotos.plain(90), to: "c.ppm"), try folder.write(TestPhotos.ppm("green", 1), to: "d.ppm"),
    ]
    let source = PhotoSource(try PhotoEncoder(encoder))
    let pool = try PhotoPool.reading(paths, source, in: folder.path)
    #expect(pool.photos == [paths[0], paths[3]] && pool.copies == 1 && pool.empty == 1, "\(pool.photos)")
    #expect(Set(pool.suggest(5).map(\.photo)) == [paths[0], paths[3]])
    let first = pool.points()[0]
    let expected = try source.embedding(of: paths[0]).normalized().values
    #expect((0..<first.count).map { first[$0] } == expected)
  }
}
