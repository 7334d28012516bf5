import Foundation
import ImageFiles
import TestSupport
import Testing

@Suite struct BadImageTests {
  private func reason(_ bytes: [UInt8], _ options: ImageDecodingOptions = ImageDecodingOptions()) -> ImageFileError
    .Reason?
  {
    imageError { () throws(ImageFileError) in try RGBImage(decoding: bytes, options: options) }?.reason
  }

  /// But for the file whose orientation stands behind the pixels: without its end it is upright as stored.
  @Test(arguments: ImageFixture.all.filter { $0.name != "orientation-exif-late.png" })
  func everyShorterFileIsRefusedOrComplete(_ fixture: ImageFixture) throws {
    let whole = try RGBImage(decoding: fixture.bytes)
    var completeFrom = fixture.bytes.count
    for count in (0..<fixture.bytes.count).reversed() {
      do {
        let image = try RGBImage(decoding: Array(fixture.bytes[..<count]))
        #expect(difference(image.pixels, whole.pixels) == nil, "from the first \(count) bytes")
        completeFrom = count
      } catch {
        switch error.reason {
        case .empty: #expect(count == 0)
        case .truncated, .notAnImage: break
        default: Issue.record("\(count) of \(fixture.bytes.count) bytes: \(error)")
        }
        if let offset = error.offset, offset > count { Issue.record("\(count) bytes, but \(error)") }
      }
    }
    // Only what follows the pixels may be missing: an end marker, or an end chunk with the checksums before it.
    #expect(completeFrom >= fixture.bytes.count - 24, "\(completeFrom) of \(fixture.bytes.count) bytes were enough")
  }

  @Test(arguments: ImageFixture.all.filter { !$0.name.contains("orientation") })
  func flippedBitsNeverCrash(_ fixture: ImageFixture) {
    var generator = SeededGenerator(seed: 7)
    let options = ImageDecodingOptions(maximumPixelCount: 300_000)
    var refused = 0
    for _ in 0..<200 {
      var bytes = fixture.bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      do {
        let image = try RGBImage(decoding: bytes, options: options)
        #expect(image.pixels.count == image.width * image.height * 3)
      } catch {
        refused += 1
        #expect(!error.description.contains("\n"))
      }
    }
    #expect(refused > 0 || fixture.name.hasSuffix("m"), "no damage was noticed")
  }

  @Test func randomBytesBehindASignatureNeverCrash() {
    var generator = SeededGenerator(seed: 8)
    for signature in ["\u{89}PNG", "P6 3 3 255 "].map({ Array($0.unicodeScalars.map { UInt8($0.value) }) }) + [
      [0xFF, 0xD8, 0xFF]
    ] {
      for _ in 0..<300 {
        let noise = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        _ = reason(signature + noise)
      }
    }
  }

  @Test func filesThatAreNotThere() throws {
    let missing = imageError { () throws(ImageFileError) in try RGBImage(contentsOf: "/no/such/photo.jpg") }
    #expect(missing?.reason == .cannotOpen(code: ENOENT))
    #expect(missing?.description == "/no/such/photo.jpg: cannot open: No such file or directory")
    let folder = imageError { () throws(ImageFileError) in try RGBImage(contentsOf: "/") }
    #expect(folder?.reason == .cannotRead(code: EISDIR))
  }

  @Test func emptyFile() throws {
    let file = try TemporaryFile([])
    let error = imageError { () throws(ImageFileError) in try RGBImage(contentsOf: file.path) }
    #expect(error?.reason == .empty)
    #expect(error?.description == "\(file.path): the file is empty; copy it again")
  }

  @Test func truncationNamesTheByte() throws {
    let bytes = ImageFixture.named("baseline-444.jpg").bytes
    let file = try TemporaryFile(Array(bytes[..<700]))
    let error = imageError { () throws(ImageFileError) in try RGBImage(contentsOf: file.path) }
    #expect(error == ImageFileError(path: file.path, reason: .truncated(.jpeg), offset: 700))
    #expect(error?.description == "\(file.path), byte 700: the JPEG file is truncated; copy it again")
  }

  @Test func missingScanDataIsDamageEvenWithAnEndMarker() throws {
    let bytes = ImageFixture.named("baseline-444.jpg").bytes
    guard case .corrupted(.jpeg, _) = reason(Array(bytes[..<(bytes.count - 60)]) + [0xFF, 0xD9]) else {
      Issue.record("a JPEG without the end of its scan was read")
      return
    }
  }

  @Test(arguments: [
    ("hello, world", "not an image, it starts with 68 65 6c 6c 6f 2c 20 77; JPEG, PNG, PPM and PGM are read"),
    ("x", "not an image, it starts with 78; JPEG, PNG, PPM and PGM are read"),
    ("GIF89a......", "a GIF image is not read; convert it to a plain JPEG or PNG file"),
    ("RIFF....WEBPVP8 ", "a WebP image is not read; convert it to a plain JPEG or PNG file"),
    ("....ftypheic", "a HEIC or AVIF image or a video is not read; convert it to a plain JPEG or PNG file"),
    ("P3 1 1 255 0 0 0", "Netpbm of kind P3 is not read; convert it to a plain JPEG or PNG file"),
    ("P6 1 1 65535 ......", "PPM/PGM with values up to 65535 is not read; convert it to a plain JPEG or PNG file"),
    ("P6 0 1 255 ", ", byte 11: the PPM/PGM file is damaged (a size or the largest value is 0); copy it again"),
    ("P6 99999999999 1 255 ", ", byte 13: the PPM/PGM file is damaged (the width is too large); copy it again"),
    ("P6 12", ", byte 5: the PPM/PGM file is truncated; copy it again"),
  ])
  func otherContent(content: String, expected: String) {
    let error = imageError { () throws(ImageFileError) in try RGBImage(decoding: Array(content.utf8), name: "photo") }
    #expect(error?.description == (expected.hasPrefix(",") ? "photo" : "photo: ") + expected)
  }

  @Test func hugeSizesAreRefusedBeforeMemoryIsTaken() throws {
    var jpeg = ImageFixture.named("baseline-444.jpg").bytes
    let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xFF, 0xC0]) })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(reason(jpeg) == .tooLarge(width: 65500, height: 65500, maximumPixelCount: 200_000_000))

    #expect(
      reason(Array("P6 4000000000 4000000000 255 ".utf8))
        == .tooLarge(width: 4_000_000_000, height: 4_000_000_000, maximumPixelCount: 200_000_000))

    // IHDR with 2147483647 x 2147483647 pixels, 8-bit RGB.
    let png: [UInt8] =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
      + [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 2, 0, 0, 0]
    let withChecksum = png + crc32(png[12...]) + [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54] + crc32(Array("IDAT".utf8)[...])
    #expect(
      reason(withChecksum)
        == .tooLarge(width: 2_147_483_647, height: 2_147_483_647, maximumPixelCount: 200_000_000))
  }

  /// Files that fuzzing found: decoded or refused with one line.
  @Test func keptInputsAreSurvived() throws {
    let files = try TestFolders.fuzz("photo")
    #expect(!files.isEmpty)
    for file in files {
      do throws(ImageFileError) {
        let image = try RGBImage(contentsOf: file.path, options: ImageDecodingOptions(maximumPixelCount: 1 << 18))
        #expect(image.pixels.count == 3 * image.width * image.height, "\(file.lastPathComponent)")
      } catch { #expect(!error.description.contains("\n"), "\(file.lastPathComponent): \(error)") }
    }
  }

  @Test(arguments: ["baseline-444.jpg", "rgb.png", "colour.ppm"])
  func theLimitIsExact(name: String) {
    let fixture = ImageFixture.named(name)
    let count = fixture.width * fixture.height
    #expect(reason(fixture.bytes, ImageDecodingOptions(maximumPixelCount: count)) == nil)
    #expect(
      reason(fixture.bytes, ImageDecodingOptions(maximumPixelCount: count - 1))
        == .tooLarge(width: fixture.width, height: fixture.height, maximumPixelCount: count - 1))
  }

  private func crc32(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: ~remainder >> UInt32(24 - 8 * $0)) }
  }
}
