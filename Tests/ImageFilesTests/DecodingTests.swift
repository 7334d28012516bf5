import Foundation
import ImageFiles
import Testing

@Suite struct DecodingTests {
  @Test func fixturesAreThere() {
    let kinds = Dictionary(grouping: ImageFixture.all) { URL(fileURLWithPath: $0.path).pathExtension }
    #expect(kinds.mapValues(\.count) == ["jpg": 29, "png": 32, "ppm": 2, "pgm": 1])
  }

  @Test(arguments: ImageFixture.all)
  func pixelsAreThoseOfTheReference(_ fixture: ImageFixture) throws {
    let image = try RGBImage(contentsOf: fixture.path)
    #expect(image.width == fixture.width && image.height == fixture.height)
    #expect(image.rowStride == 3 * fixture.width)
    #expect((image.fullWidth, image.fullHeight, image.reduction) == (fixture.width, fixture.height, 1))
    // libjpeg versions differ by a grey level or two; the other formats leave no choice.
    let tolerance = fixture.name.hasSuffix(".jpg") ? 2 : 0
    let difference = try #require(largestDifference(image.pixels, fixture.pixels))
    #expect(difference <= tolerance, "\(fixture.name): values differ by up to \(difference)")
    #expect(image.warningCount == 0)
  }

  @Test(arguments: ImageFixture.all)
  func memoryAndDescriptorsGiveTheSame(_ fixture: ImageFixture) throws {
    let image = try RGBImage(contentsOf: fixture.path)
    let decoded = try RGBImage(decoding: fixture.bytes)
    #expect((decoded.width, decoded.height) == (image.width, image.height))
    #expect(difference(decoded.pixels, image.pixels) == nil)

    // A decoder may be done before the last bytes are written; the writer then just stops.
    signal(SIGPIPE, SIG_IGN)
    var ends: [CInt] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (readEnd, writeEnd) = (ends[0], ends[1])
    defer { close(readEnd) }
    let bytes = fixture.bytes
    Thread.detachNewThread {
      for start in stride(from: 0, to: bytes.count, by: 7) {
        let part = Array(bytes[start..<min(start + 7, bytes.count)])
        guard write(writeEnd, part, part.count) == part.count else { break }
      }
      close(writeEnd)
    }
    let piped = try RGBImage(readingFrom: readEnd, name: "standard input")
    #expect((piped.width, piped.height) == (image.width, image.height))
    #expect(difference(piped.pixels, image.pixels) == nil)
  }

  @Test func theContentDecidesTheFormat() throws {
    let fixture = ImageFixture.named("rgb.png")
    let file = try TemporaryFile(fixture.bytes, suffix: ".jpg")
    #expect(difference(try RGBImage(contentsOf: file.path).pixels, fixture.pixels) == nil)
  }

  @Test func harmlessOdditiesAreCounted() throws {
    let fixture = ImageFixture.named("baseline-444.jpg")
    let secondSegment = 4 + Int(fixture.bytes[4]) * 256 + Int(fixture.bytes[5])
    let extraneous = fixture.bytes[..<secondSegment] + [0x00, 0x11, 0x22] + fixture.bytes[secondSegment...]
    let image = try RGBImage(decoding: Array(extraneous))
    #expect(image.warningCount == 1)
    #expect(difference(image.pixels, try RGBImage(decoding: fixture.bytes).pixels) == nil)
  }

  @Test func aMissingEndMarkerIsForgivenWhereTheScanIsComplete() throws {
    let baseline = ImageFixture.named("baseline-444.jpg").bytes
    let whole = try RGBImage(decoding: baseline)
    #expect(difference(try RGBImage(decoding: baseline.dropLast(2)).pixels, whole.pixels) == nil)
    let progressive = ImageFixture.named("progressive-444.jpg").bytes
    #expect(
      imageError { () throws(ImageFileError) in try RGBImage(decoding: progressive.dropLast(2)) }?.reason
        == .truncated(.jpeg))
  }

  @Test func damagedExifDataIsIgnored() throws {
    let fixture = ImageFixture.named("orientation-6.jpg")
    let upright = ImageFixture.named("orientation-1.jpg")
    let signature = Array("Exif\0\0".utf8)
    let start = try #require(fixture.bytes.indices.first { fixture.bytes[$0...].starts(with: signature) }) + 6
    // Byte order, magic number, directory offset, entry count, type of the orientation, orientation 0 and 9.
    let damages: [(Int, UInt8)] = [(0, 0), (2, 0), (7, 0xFF), (8, 0), (24, 2), (30, 0), (30, 9)]
    for (offset, value) in damages {
      var bytes = fixture.bytes
      bytes[start + offset] = value
      let image = try RGBImage(decoding: bytes)
      #expect((image.width, image.height) == (upright.width, upright.height), "Exif byte \(offset) set to \(value)")
    }
  }
}

@Suite struct ReductionTests {
  /// The mean difference between a reduced decoding and the averages of the blocks of the full one. Blocks that the photo
  /// fills only partly are left out: what the file has beyond its edge is the encoder's choice.
  private func meanDifference(_ reduced: RGBImage, toAveragesOf full: RGBImage) -> Double {
    let reduction = reduced.reduction
    var sum = 0.0
    var count = 0.0
    for y in 0..<full.height / reduction {
      for x in 0..<full.width / reduction {
        for channel in 0..<3 {
          var blockSum = 0
          for row in y * reduction..<(y + 1) * reduction {
            for column in x * reduction..<(x + 1) * reduction {
              blockSum += Int(full.pixels[(row * full.width + column) * 3 + channel])
            }
          }
          let average = Double(blockSum) / Double(reduction * reduction)
          sum += abs(average - Double(reduced.pixels[(y * reduced.width + x) * 3 + channel]))
          count += 1
        }
      }
    }
    return sum / count
  }

  @Test(arguments: [(1, 8), (2, 8), (3, 4), (4, 4), (5, 2), (6, 2), (8, 2), (9, 2), (10, 1), (100, 1)])
  func theSmallestSizeThatKeepsTheShortSide(minimum: Int, reduction: Int) throws {
    let fixture = ImageFixture.named("baseline-444.jpg")
    let options = ImageDecodingOptions(minimumShortSide: minimum)
    let image = try RGBImage(contentsOf: fixture.path, options: options)
    #expect(image.reduction == reduction)
    #expect((image.fullWidth, image.fullHeight) == (29, 18))
    #expect((image.width, image.height) == ((29 + reduction - 1) / reduction, (18 + reduction - 1) / reduction))
    let difference = meanDifference(image, toAveragesOf: try RGBImage(contentsOf: fixture.path))
    #expect(difference < 4, "mean difference to block averages \(difference)")
  }

  @Test(arguments: 1...8)
  func orientedPhotosAreReducedAlike(orientation: Int) throws {
    let fixture = ImageFixture.named("orientation-\(orientation).jpg")
    let full = try RGBImage(contentsOf: fixture.path)
    let image = try RGBImage(contentsOf: fixture.path, options: ImageDecodingOptions(minimumShortSide: 3))
    // 21 x 13 is divided by nothing, so only the orientations that mirror no side may reduce it.
    #expect(image.reduction == (orientation == 1 || orientation == 5 ? 4 : 1))
    #expect((image.fullWidth, image.fullHeight) == (full.width, full.height))
    let difference = meanDifference(image, toAveragesOf: full)
    #expect(difference < 4, "mean difference to block averages \(difference)")
  }
}
