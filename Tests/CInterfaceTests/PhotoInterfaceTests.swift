import CInterface
import CInterfaceHeader
import FewShotHost
import HostRuntime
import ImageFiles
import TestSupport
import Testing
import TinyNN

/// Views, reduced photos and threads give the embeddings of the host.
@Suite struct PhotoInterfaceTests {
  private static func photo(_ image: RGBImage, _ pixels: UnsafePointer<UInt8>) -> tinynn_photo {
    tinynn_photo(
      pixels: pixels, pixel_bytes: image.pixels.count, height: Int32(image.fullHeight), width: Int32(image.fullWidth),
      reduction: Int32(image.reduction), row_stride: image.rowStride)
  }

  private static func embedding(_ device: Device, _ session: OpaquePointer, _ image: RGBImage, views: Int32) throws -> [Float] {
    try image.pixels.withUnsafeBufferPointer { pixels in
      var photo = photo(image, pixels.baseAddress!), needed = 0
      try check(tinynn_embed_photo_scratch_bytes(device.model, &photo, views, &needed))
      let scratch = AlignedMemory(byteCount: needed)
      var values = [Float](repeating: 0, count: device.dimension)
      #expect(
        tinynn_session_embed_photo(session, &photo, views, scratch.buffer.baseAddress, needed - 1, &values, values.count)
          == TINYNN_MEMORY_TOO_SMALL)
      try check(
        tinynn_session_embed_photo(session, &photo, views, scratch.buffer.baseAddress, needed, &values, values.count))
      return values
    }
  }

  /// A photo that the decoder has halved, and one that it has not.
  private static func images(_ side: Int) throws -> [RGBImage] {
    let path = TestFolders.package.appending(path: "Examples/parts/support/gear/01.jpg").path
    let whole = try RGBImage(contentsOf: path)
    let halved = try RGBImage(
      contentsOf: path, options: ImageDecodingOptions(minimumShortSide: min(whole.width, whole.height) / 2))
    #expect(halved.reduction == 2 && side > 0)
    return [whole, halved]
  }

  @Test(arguments: ["edge-s/edge-s", "edge-s/edge-s-int8"], 1...8 as ClosedRange<Int32>)
  func viewsAreThoseOfTheHost(encoder: String, views: Int32) throws {
    let path = TestFolders.package.appending(path: "models/\(encoder).tnn").path
    let file = try MappedFile(path)
    let bytes = withExtendedLifetime(file) { (0..<file.bytes.count).map { file.bytes.load(UInt8.self, at: $0) } }
    let device = try Device(bytes), host = try PhotoEncoder(try ModelRunner(bytes: bytes))
    #expect(Int(tinynn_model_decoded_side(device.model)) == host.preprocessing.decodedShortSide)
    for image in try PhotoInterfaceTests.images(host.preprocessing.decodedShortSide) {
      let actual = try PhotoInterfaceTests.embedding(device, device.session, image, views: views)
      #expect(try actual == host.embed(image, views: Int(views)), "\(views) views, reduction \(image.reduction)")
    }
  }

  @Test func threadsGiveTheSameBits() throws {
    let device = try Device(), image = try PhotoInterfaceTests.images(1)[0]
    // Parts in falling order, on the caller.
    var workers = tinynn_workers(count: 3, pool: nil) { _, parts, work, job, index in
      for part in (0..<parts).reversed() { work!(job, index, part, parts) }
    }
    var needed = 0
    try check(tinynn_session_threads_required_bytes(device.model, 3, &needed))
    let memory = AlignedMemory(byteCount: needed)
    var session: OpaquePointer?
    let base = memory.buffer.baseAddress
    #expect(
      tinynn_session_open_threads(base, needed - 1, device.model, -1, &workers, &session) == TINYNN_MEMORY_TOO_SMALL)
    try check(tinynn_session_open_threads(base, needed, device.model, -1, &workers, &session))
    #expect(
      try PhotoInterfaceTests.embedding(device, session!, image, views: 1)
        == PhotoInterfaceTests.embedding(device, device.session, image, views: 1))
    for count in [0, 1025] as [Int32] {
      #expect(tinynn_session_threads_required_bytes(device.model, count, &needed) == TINYNN_OUT_OF_RANGE)
    }
    #expect(tinynn_session_open_threads(base, needed, device.model, -1, nil, &session) == TINYNN_NULL_POINTER)
    workers.run = nil
    #expect(tinynn_session_open_threads(base, needed, device.model, -1, &workers, &session) == TINYNN_NULL_POINTER)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let device = try Device(), scratch = AlignedMemory(byteCount: 1 << 20)
    var values = [Float](repeating: 0, count: device.dimension), needed = 0
    let pixels = [UInt8](repeating: 0, count: 48)
    pixels.withUnsafeBufferPointer { pixels in
      func status(_ change: (inout tinynn_photo) -> Void, views: Int32 = 1, count: Int? = nil) -> tinynn_status {
        var photo = tinynn_photo(
          pixels: pixels.baseAddress, pixel_bytes: 48, height: 4, width: 4, reduction: 1, row_stride: 12)
        change(&photo)
        return tinynn_session_embed_photo(
          device.session, &photo, views, scratch.buffer.baseAddress, scratch.buffer.count, &values, count ?? values.count)
      }
      #expect(status { _ in } == TINYNN_OK)
      #expect(status { $0.pixels = nil } == TINYNN_NULL_POINTER)
      #expect(status { $0.pixel_bytes = 47 } == TINYNN_PIXELS_TOO_FEW)
      #expect(status { $0.row_stride = 11 } == TINYNN_PIXELS_TOO_FEW)
      #expect(status { $0.height = 0 } == TINYNN_PHOTO_SIZE)
      #expect(status { $0.reduction = 0 } == TINYNN_PHOTO_SIZE)
      for views in [0, 9, -1] as [Int32] { #expect(status({ _ in }, views: views) == TINYNN_OUT_OF_RANGE) }
      #expect(status({ _ in }, count: 3) == TINYNN_WRONG_COUNT)
      #expect(tinynn_embed_photo_scratch_bytes(device.model, nil, 1, &needed) == TINYNN_NULL_POINTER)
      #expect(tinynn_model_decoded_side(nil) == -tinynn_status(TINYNN_NULL_POINTER))
    }
  }
}
